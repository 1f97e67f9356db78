/** Mutants of valid inputs for every decoder of this package. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { decoderSuite } from '@sealane/shared/testing';
import { DECODERS } from './decoders.ts';

decoderSuite(DECODERS, { describe, afterAll, it, expect });
