export { version } from '@sealane/node/cli';
