/** Mutants of valid inputs for every decoder of this package. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { decoderSuite } from '../../src/testing/index.ts';
import { DECODERS } from './decoders.ts';

decoderSuite(DECODERS, { describe, afterAll, it, expect });
