// The faults at length: 1,000 kills, four fifths on SQLite; then every other fault. Writes a report in Markdown to TK_REPORT.
// Usage: ./tk fault [--kills N]   (TK_BUILD: the build folder that holds server/tongkang)
import fs from 'node:fs';
import path from 'node:path';

const at = process.argv.indexOf('--kills');
const kills = at > 0 ? Number(process.argv[at + 1]) : 1000;
if (!Number.isInteger(kills) || kills < 1) { console.error('fault: --kills needs a whole number'); process.exit(2); }
if (process.env.TK_BUILD) process.env.TK_PROGRAM = path.resolve(process.env.TK_BUILD, 'server/tongkang');
const { freshFolder, hasPostgres, Postgres, program, Server } = await import('../lib/server.mjs');
const { KillTest } = await import('./kills.mjs');
const faults = await import('./faults.mjs');

async function killsOn(backend, count, seed) {
  const name = `${count} kills on ${backend}`;
  const postgres = backend === 'PostgreSQL' ? await new Postgres().start() : null;
  const data = freshFolder('kills');
  const server = new Server(data, { log: postgres ? await postgres.database('kills') : undefined });
  try {
    const { problems, ...figures } = await new KillTest(server, seed).play(count, (line) => console.log(`  ${backend}: ${line}`));
    return { name, problems, figures };
  } finally {
    await server.kill();
    await postgres?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  }
}

const onPostgres = Math.floor(kills / 5);
const withPostgres = (play) => (hasPostgres() ? play : async () => ({ skipped: 'PostgreSQL 15 is not installed', problems: [], figures: {} }));
const plays = [
  [`${kills - onPostgres} kills on SQLite`, () => killsOn('SQLite', kills - onPostgres, 101)],
  [`${onPostgres} kills on PostgreSQL`, withPostgres(() => killsOn('PostgreSQL', onPostgres, 102))],
  ['disk full', faults.diskFull],
  ['disk full, audit on it', faults.diskFullWithAudit],
  ['torn tail', () => faults.tornTail(20)],
  ['damaged views', faults.damagedViews],
  ['killed while a view is rebuilt', faults.killedWhileRebuilding],
  ['clock steps', () => faults.clockSteps(100)],
  ['PostgreSQL killed', withPostgres(() => faults.postgresKilled(20))],
  ['two servers on one log', withPostgres(faults.twoServers)],
];

const started = new Date();
const rows = [], details = [];
let broken = 0;
for (const [name, play] of plays) {
  if (/^0 kills/.test(name)) continue;
  console.log(`== ${name}`);
  const from = Date.now();
  let result;
  try { result = await play(); } catch (error) { result = { problems: [String(error.message).slice(-1500)], figures: {} }; }
  const seconds = ((Date.now() - from) / 1000).toFixed(1);
  const verdict = result.skipped ? `skipped: ${result.skipped}` : result.problems.length === 0 ? 'held' : '**broken**';
  if (result.problems.length > 0) broken++;
  console.log(`   ${verdict} after ${seconds} s`);
  rows.push(`| ${name} | ${verdict} | ${seconds} |`);
  details.push(`## ${name}\n\n\`\`\`json\n${JSON.stringify({ figures: result.figures, problems: result.problems }, null, 1)}\n\`\`\`\n`);
}
const report = `# Faults, ${started.toISOString().slice(0, 16).replace('T', ' ')} UTC\n\nProgram: ${path.relative(process.cwd(), program())}, ` +
  `Node ${process.version}, ${faults.machine()}.\n\n| what | result | s |\n|---|---|---|\n${rows.join('\n')}\n\n${details.join('\n')}`;
fs.writeFileSync(process.env.TK_REPORT ?? 'fault-report.md', report);
process.exitCode = broken > 0 ? 1 : 0;
