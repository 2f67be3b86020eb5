// What the read phases ask for: looked up in the running server as the measuring account, so that it may see all of it.
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { seeded } from '../tests/lib/server.mjs';
import { kLoad } from './house.mjs';

const kEverythingBytes = 530_000;
const kLines = 500;  // of each kind

const token = (system, value) => encodeURIComponent(`${system}|${value}`);

function bigRecords(sizes) {
  return [...sizes].sort((a, b) => Math.abs(a[1] - kEverythingBytes) - Math.abs(b[1] - kEverythingBytes)).slice(0, 8);
}

/** Patients whose $everything is nearest to the size wanted: those with most Observations are asked first. */
async function findBigRecords(house, patients) {
  const counts = [];
  for (const patient of patients.slice(0, 1500)) {
    const { json } = await house.get(`/fhir/Observation?patient=${patient.id}&_summary=count`);
    counts.push([patient.id, json.total]);
  }
  const sizes = [];
  for (const [id] of counts.sort((a, b) => b[1] - a[1]).slice(0, 40)) {
    const { text } = await house.get(`/fhir/Patient/${id}/$everything`);
    sizes.push([id, Buffer.byteLength(text)]);
  }
  return bigRecords(sizes);
}

function searchLines(patients, observations, last, random) {
  const pick = (list) => list[random(list.length)];
  const many = (make) => Array.from({ length: kLines }, make);
  const withIdentifier = patients.filter((one) => one.identifier?.some((id) => id.system && id.value));
  const codeOf = (one) => one.code.coding[0];
  return {
    q_identifier: many(() => {
      const { system, value } = pick(withIdentifier).identifier.find((id) => id.system && id.value);
      return `/fhir/Patient?identifier=${token(system, value)}`;
    }),
    q_observations: many(() => {
      const one = pick(observations);
      return `/fhir/Observation?patient=${one.subject.reference.split('/')[1]}&code=${token(codeOf(one).system, codeOf(one).code)}&_sort=-date&_count=20`;
    }),
    q_name: many(() => `/fhir/Patient?name=${encodeURIComponent(pick(patients).name[0].text ?? pick(patients).name[0].family)}`),
    q_encounters: many(() => `/fhir/Encounter?date=ge${new Date(last - random(60) * 86400000).toISOString().slice(0, 10)}`),
    q_count: many(() => { const one = codeOf(pick(observations)); return `/fhir/Observation?code=${token(one.system, one.code)}&_summary=count`; }),
  };
}

/** Writes the request files of every phase into `folder`; answers notes for the report. */
export async function writeTargets(house, folder, seed) {
  fs.mkdirSync(folder, { recursive: true });
  const random = seeded(seed);
  const patients = (await house.all('/fhir/Patient?_count=1000', 3000)).filter((one) => one.name?.length);
  const observations = (await house.all('/fhir/Observation?_count=1000', 10000)).filter((one) => one.code?.coding?.length && one.subject?.reference);
  const [newest] = await house.all('/fhir/Encounter?_sort=-date&_count=1', 1);
  const big = await findBigRecords(house, patients);
  const file = (name, lines) => fs.writeFileSync(path.join(folder, `${name}.txt`), lines.join('\n'));
  const reads = [...patients, ...observations].map((one) => `GET /fhir/${one.resourceType}/${one.id}`);
  file('read', reads);
  const searches = searchLines(patients, observations, Date.parse(newest.period.start), random);
  for (const [name, targets] of Object.entries(searches)) file(name, targets.map((target) => `GET ${target}`));
  file('mix', Object.values(searches).flat().map((target) => `GET ${target}`));
  file('everything', big.map(([id]) => `GET /fhir/Patient/${id}/$everything`));
  const ids = path.join(folder, 'patients.ids');
  fs.writeFileSync(ids, patients.map((one) => one.id).join('\n'));
  const bodies = execFileSync(kLoad, ['observations', '--patients', ids, '--count', '5000', '--seed', String(seed)], { encoding: 'utf8', maxBuffer: 1 << 26 }).trim().split('\n');
  file('create', bodies.map((body) => `POST /fhir/Observation\t${body}`));
  file('lives', bodies);
  return { patients: patients.length, reads: reads.length, everything_bytes: Math.round(big.reduce((sum, one) => sum + one[1], 0) / big.length) };
}
