import { RUNNING } from './start-servers.js';

/** Jest's `globalTeardown`. */
export default async function stopServers() {
  const { stop, unhook } = globalThis[RUNNING];
  await stop();
  unhook();
}
