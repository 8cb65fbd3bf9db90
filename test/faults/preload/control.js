import 'reflect-metadata';
import { arm } from './failpoints.js';
import { setSkew } from './skewed-clock.js';

/**
 * Loaded before a compiled program of ours (`node --import`), which knows nothing of it: its test can kill it at a
 * named point and set its clock, by messages. The program ends with the test, however that ended.
 */
process.on('message', ({ failpoint, skewMs, id }) => {
  if (failpoint !== undefined) arm(failpoint);
  if (skewMs !== undefined) setSkew(skewMs);
  process.send({ done: id });
});
const end = () => process.kill(process.pid, 'SIGKILL');
process.on('disconnect', end);
// It may have gone while the imports above were loaded.
if (!process.connected) end();
// The channel must not keep a program alive that would end without it.
process.channel.unref();
