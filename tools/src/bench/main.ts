/**
 * `npx nx run tools:bench -- --rows P1,P2 --runs 5 --seconds 2 --quick`: measures Sealane beside its peers.
 *
 * Also the entry of its child processes (`worker`), and of the list of a CPU profile (`profile FILE…`),
 * and `store …`: the store of one process alone (store/store-bench.ts).
 */
const [command, ...rest] = process.argv.slice(2);

if (command === 'worker') (await import('./processes/worker.ts')).runWorker();
else if (command === 'profile') (await import('./profile.ts')).printProfiles(rest);
else if (command === 'store') await (await import('./store/store-bench.ts')).runStoreBench(rest);
else await (await import('./bench.ts')).runBench(process.argv.slice(2));
