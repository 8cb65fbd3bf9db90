import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedis } from '../../src/embedded/redis-program.js';
import { eventually } from './eventually.js';
import { freePort } from './programs.js';

/** One server among several. */
export class RedisNode {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  /** @param lines of its configuration, beside port, folder and that it keeps nothing */
  static async start(lines: readonly string[] = [], isSentinel = false): Promise<RedisNode> {
    const port = await freePort();
    const folder = mkdtempSync(join(process.env.TEST_FOLDER ?? '', 'redis-'));
    const file = join(folder, 'redis.conf');
    const common = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, ...(isSentinel ? [] : ['save ""'])];
    writeFileSync(file, `${[...common, ...lines].join('\n')}\n`);
    const { file: program, env } = await findRedis({ toolsDir: join('.data', 'tools'), log: () => undefined });
    const child = spawn(program, [file, ...(isSentinel ? ['--sentinel'] : [])], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.removeListener('exit', end));
    const node = new RedisNode(port, child);
    await eventually(() => node.ask('PING'));
    return node;
  }

  /** One command, on a connection of its own. */
  async ask(command: string, ...args: (string | number)[]): Promise<unknown> {
    const redis = new Redis(this.port, { lazyConnect: true, retryStrategy: () => null, disconnectTimeout: 50 });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await redis.call(command, ...args);
    } finally {
      redis.disconnect();
    }
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

/** A service of several servers, of which one can be lost. */
export interface RedisTopology {
  readonly url: string;
  /** Kills the master that has the queue, and waits until another has taken over. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

const MASTER = 'queue-master';
const DOWN_AFTER_MS = 1_000;

/** A master, a replica, and three sentinels of which two must agree. */
export async function startSentinels(): Promise<RedisTopology> {
  const master = await RedisNode.start();
  const replica = await RedisNode.start([`replicaof 127.0.0.1 ${master.port}`]);
  await eventually(async () => {
    if (!String(await replica.ask('INFO', 'replication')).includes('master_link_status:up')) throw new Error('no link');
  });
  const lines = [
    `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 2`,
    `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER} 5000`,
  ];
  const sentinels: RedisNode[] = [];
  for (let at = 0; at < 3; at += 1) sentinels.push(await RedisNode.start(lines, true));
  await eventually(async () => {
    for (const sentinel of sentinels) await sentinel.ask('SENTINEL', 'CKQUORUM', MASTER);
    const known = await sentinels[0].ask('SENTINEL', 'REPLICAS', MASTER);
    if ((known as unknown[]).length === 0) throw new Error('no replica is known');
  });
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${MASTER}`,
    failOver: async () => {
      await master.kill();
      await eventually(async () => {
        const [, port] = (await sentinels[0].ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER)) as string[];
        if (Number(port) === master.port) throw new Error('not yet');
      });
    },
    stop: async () => {
      await Promise.all([...sentinels, master, replica].map((node) => node.kill()));
    },
  };
}

const SLOTS = 16_384;

/** Three masters with a replica each. */
export async function startCluster(): Promise<RedisTopology> {
  const lines = ['cluster-enabled yes', 'cluster-node-timeout 2000', 'cluster-require-full-coverage no'];
  const nodes: RedisNode[] = [];
  for (let at = 0; at < 6; at += 1) nodes.push(await RedisNode.start(lines));
  const [masters, replicas] = [nodes.slice(0, 3), nodes.slice(3)];
  const firstSlot = (at: number): number => Math.floor((SLOTS * at) / masters.length);
  for (const [at, node] of masters.entries()) {
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', firstSlot(at), firstSlot(at + 1) - 1);
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
  }
  for (const node of nodes.slice(1)) await node.ask('CLUSTER', 'MEET', '127.0.0.1', nodes[0].port);
  for (const [at, replica] of replicas.entries()) {
    const id = String(await masters[at].ask('CLUSTER', 'MYID'));
    await eventually(() => replica.ask('CLUSTER', 'REPLICATE', id));
  }
  await eventually(async () => {
    for (const node of nodes) {
      const info = String(await node.ask('CLUSTER', 'INFO'));
      if (!/cluster_state:ok/.test(info) || !/cluster_known_nodes:6/.test(info)) throw new Error(info);
    }
    for (const replica of replicas) {
      if (!String(await replica.ask('INFO', 'replication')).includes('master_link_status:up'))
        throw new Error('no link');
    }
  });
  return {
    // Of one of the nodes the service learns of all.
    url: `redis+cluster://127.0.0.1:${masters[0].port},127.0.0.1:${masters[1].port}`,
    failOver: async () => {
      const sizes = await Promise.all(masters.map((node) => node.ask('DBSIZE')));
      const busy = sizes.indexOf(Math.max(...sizes.map(Number)));
      await masters[busy].kill();
      await eventually(async () => {
        if (!String(await replicas[busy].ask('INFO', 'replication')).includes('role:master'))
          throw new Error('not yet');
      });
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
    },
  };
}
