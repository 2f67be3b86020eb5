// What is measured around a phase: CPU and memory of process trees, bytes on disk, the machine itself.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';

const kTicksPerSecond = 100;

function parents() {
  const children = new Map();
  const ticks = new Map();
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const parent = Number(fields[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
      // utime, stime and those of children that have ended.
      ticks.set(Number(name), fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0));
    } catch { /* ended meanwhile */ }
  }
  return { children, ticks };
}

function treeOf(roots, children) {
  const all = [...roots];
  for (let i = 0; i < all.length; i++) all.push(...(children.get(all[i]) ?? []));
  return all;
}

/** CPU seconds used so far by the processes and all below them. */
export function cpuSeconds(roots) {
  const { children, ticks } = parents();
  return treeOf(roots, children).reduce((sum, pid) => sum + (ticks.get(pid) ?? 0), 0) / kTicksPerSecond;
}

/** Proportional memory now, in MB, of the processes and all below them. */
export function memoryMb(roots) {
  let kilobytes = 0;
  for (const pid of treeOf(roots, parents().children)) {
    try {
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0);
    } catch { /* ended meanwhile */ }
  }
  return Math.round(kilobytes / 1024);
}

/** The highest resident memory that one process ever had, in MB. */
export function peakMb(pid) {
  return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))[1]) / 1024);
}

/** Bytes that a file or folder takes on disk (blocks, so that sparse files count as what they are). */
export function bytesOnDisk(file) {
  let stat;
  try { stat = fs.lstatSync(file); } catch { return 0; }
  if (!stat.isDirectory()) return stat.blocks * 512;
  return fs.readdirSync(file).reduce((sum, name) => sum + bytesOnDisk(path.join(file, name)), 0);
}

/** Appended and synced writes of 4 KB a second: what the disk allows a single writer that does not group. */
export function syncsPerSecond(folder, seconds = 0.5) {
  const file = path.join(folder, 'sync-probe');
  const handle = fs.openSync(file, 'w');
  const block = Buffer.alloc(4096, 1);
  const end = performance.now() + seconds * 1000;
  let count = 0;
  while (performance.now() < end) { fs.writeSync(handle, block); fs.fdatasyncSync(handle); count++; }
  fs.closeSync(handle);
  fs.rmSync(file);
  return Math.round(count / seconds);
}

export function describe() {
  const git = (...args) => { try { return execFileSync('git', args, { encoding: 'utf8' }).trim(); } catch { return ''; } };
  const cpu = os.cpus();
  return {
    commit: git('rev-parse', '--short', 'HEAD') || 'unknown', changed: git('status', '--porcelain', '--untracked-files=no') !== '',
    date: new Date().toISOString().slice(0, 16) + 'Z', cpus: cpu.length, cpu: cpu[0]?.model ?? '', memory_gb: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release(), load_before: os.loadavg().map((one) => Number(one.toFixed(2))),
  };
}
