// The program under measurement with its data folder, its database, its accounts; and the load program beside it.
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Postgres, freePort, freshFolder, request, root, sleep } from '../tests/lib/server.mjs';
import { bytesOnDisk, cpuSeconds, memoryMb, peakMb } from './machine.mjs';

const run = promisify(execFile);
const build = process.env.TK_BUILD ?? path.join(root, 'build/release');
export const kProgram = path.join(build, 'server/tongkang');
export const kLoad = path.join(build, 'bench/tongkang_load');
export const kMeasuredArea = '380101001';  // as in city.h

/** A post with a limited area: what the marks are measured as. */
const kDoctor = { name: 'township', post: 'doctor', area: kMeasuredArea };

export class House {
  constructor(backend) {
    this.backend = backend;
    this.data = freshFolder(`bench-${backend}`);
  }

  async open() {
    if (this.backend === 'postgres') {
      this.postgres = await new Postgres().start();
      this.log = await this.postgres.database('tongkang');
    }
    await run(kProgram, ['account', 'add', '--data', this.data, '--account', kDoctor.name, '--post', kDoctor.post, '--area', kDoctor.area, '--no-password']);
    this.port = await freePort();
    await this.start();
    for (const account of ['admin', kDoctor.name]) {
      const { stdout } = await run(kProgram, ['token', '--data', this.data, '--account', account]);
      fs.writeFileSync(this.tokenFile(account), stdout.trim().split('\n').at(-1));
    }
    return this;
  }

  tokenFile(account) { return path.join(this.data, `..`, `${path.basename(this.data)}-${account}.token`); }
  get base() { return `http://127.0.0.1:${this.port}`; }
  get doctor() { return kDoctor.name; }

  /** Starts the program; answers milliseconds until it was ready. Its output goes to a file: reading it would cost the machine. */
  async start(readyMs = 600000) {
    const args = ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`];
    if (this.log) args.push('--log', this.log);
    args.push(...(this.args ?? []));
    this.output = `${this.data}.out`;
    const out = fs.openSync(this.output, 'a');
    const begin = performance.now();
    this.child = spawn(kProgram, args, { stdio: ['ignore', out, out] });
    fs.closeSync(out);
    let ended = false;
    this.exited = new Promise((resolve) => { this.child.once('exit', () => { ended = true; resolve(); }); });
    while (performance.now() - begin < readyMs) {
      if (ended) throw new Error(`the program ended:\n${fs.readFileSync(this.output, 'utf8').slice(-3000)}`);
      const answer = await request(`http://127.0.0.1:${this.port}`, 'GET', '/ready', { timeoutMs: 2000 });
      if (answer.status === 200) return performance.now() - begin;
      await sleep(5);
    }
    throw new Error(`not ready after ${readyMs} ms`);
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.exited;
  }

  async close(keep = false) {
    await this.stop();
    await this.postgres?.stop();
    if (keep) { console.error(`kept: ${this.data}`); return; }
    for (const file of [this.data, this.output, this.tokenFile('admin'), this.tokenFile(kDoctor.name)]) fs.rmSync(file, { recursive: true, force: true });
  }

  pids() {
    const pids = [this.child.pid];
    if (this.postgres) pids.push(Number(fs.readFileSync(path.join(this.postgres.data, 'postmaster.pid'), 'utf8').split('\n')[0]));
    return pids;
  }

  /** Runs the load program; adds the CPU that server and database used for each thing done. */
  async load(kind, args, { account = kDoctor.name, connections = 8, seconds = 0, rate = 0, seed = 1 } = {}) {
    const before = cpuSeconds(this.pids());
    const { stdout } = await run(kLoad, [kind, '--server', `127.0.0.1:${this.port}`, '--token-file', this.tokenFile(account), '--seed', String(seed),
      '--connections', String(connections), '--seconds', String(seconds), '--rate', String(Math.round(rate)), ...args.map(String)], { maxBuffer: 1 << 24 });
    const result = JSON.parse(stdout);
    const cpu = cpuSeconds(this.pids()) - before;
    return { ...result, cpu_us: result.things === 0 ? 0 : (cpu * 1e6) / result.things, p50_ms: result.p50_us / 1000, p99_ms: result.p99_us / 1000 };
  }

  async get(target, account = kDoctor.name) {
    const token = fs.readFileSync(this.tokenFile(account), 'utf8');
    const answer = await request(`http://127.0.0.1:${this.port}`, 'GET', target, { token });
    if (answer.status !== 200) throw new Error(`GET ${target.split('?')[0]}: ${answer.status ?? 'lost'} ${answer.text?.slice(0, 500) ?? ''}`);
    return answer;
  }

  /** Resources of a search, page after page, at most `max`. */
  async all(target, max, account = kDoctor.name) {
    const found = [];
    for (let next = target; next && found.length < max;) {
      const { json } = await this.get(next, account);
      found.push(...(json.entry ?? []).map((entry) => entry.resource));
      const link = json.link?.find((one) => one.relation === 'next')?.url;
      next = link && new URL(link).pathname + new URL(link).search;
    }
    return found.slice(0, max);
  }

  memory() { return { now_mb: memoryMb(this.pids()), peak_server_mb: peakMb(this.child.pid) }; }

  /** Bytes by part. The database's own files count whole, write-ahead files apart. */
  disk() {
    const parts = { log: 0, views: 0, keys: 0, audit: 0, other: 0 };
    for (const name of fs.readdirSync(this.data)) {
      const part = name.startsWith('log') ? 'log' : name === 'views' || name === 'audit' ? name : name.startsWith('keys') ? 'keys' : 'other';
      parts[part] += bytesOnDisk(path.join(this.data, name));
    }
    if (this.postgres) {
      const host = this.postgres.folder;
      const size = execFileSync('psql', ['-h', host, '-U', 'postgres', '-d', 'tongkang', '-Atc', 'checkpoint; select pg_database_size(current_database())'], { encoding: 'utf8' });
      parts.log += Number(size.trim().split('\n').at(-1));
      parts.wal = bytesOnDisk(path.join(this.postgres.data, 'pg_wal'));
    }
    return parts;
  }
}
