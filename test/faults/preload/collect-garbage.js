import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// A process as it is after hours: whatever nobody holds any more is gone.
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
setInterval(() => gc(), 1_000).unref();
