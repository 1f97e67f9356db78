// Refuses to go on under a Node.js older than this workspace needs: one line on stderr, exit 78.
//
// Plain JavaScript that old versions can parse, because it runs before anything else: as `node --import` when sources
// are run, and as the banner of the bundles (tools/src/build). With `--json` the last stdout line tells the same.
const nodeMajorMin = 24;

if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  const message = `Sealane needs Node.js ${nodeMajorMin} or newer, this is ${process.versions.node}: install it, or run "npm ci" with install scripts allowed and start through npx`;
  process.stderr.write(`${message} (E_NODE_VERSION)\n`);
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ event: 'error', code: 'E_NODE_VERSION', message })}\n`);
  }
  process.exit(78);
}
