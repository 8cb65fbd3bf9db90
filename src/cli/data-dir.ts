import { resolve } from 'node:path';
import { readVariable } from '../env.js';

/** The data folder of the `npm start` that a command is for. */
export const dataDir = (): string => resolve(readVariable('DATA_DIR') ?? '.data');
