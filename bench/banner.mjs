// ./tk bench banner: how long from sending a registration until the alert stands on the open pages of a clinician and of disease control, each in a browser of its own.
// Shape:  one program, two browsers; a listed person registers --times times, one behind the other; the page itself notes when the alert is in its document.
// Clock:  of this one machine, in both the pages and here.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openBrowser, openPage } from '../tests/browser/lib.mjs';
import { addAccount, startProgram } from '../tests/browser/program.mjs';
import { kProgram } from './house.mjs';
import { describe } from './machine.mjs';

const kMarkMs = 300, kPatienceMs = 30_000;
const { values } = parseArgs({ options: { times: { type: 'string', default: '50' } } });
const times = Number(values.times);
if (!(times >= 5 && times <= 1000)) throw new Error('--times: 5 … 1000');
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];

async function openDesk(browser, program, post, area) {
  const account = `banner-${post}`;
  const password = addAccount(program.env.PROGRAM, program.env.DATA, account, post, area, '值班');
  const { page } = await openPage(browser, { width: 1366, height: 768 });
  await page.goto(`${program.base}/work/inbox`);
  await page.getByLabel('账号').fill(account);
  await page.getByLabel('密码', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await page.locator('.tk-live[data-state="live"]').waitFor();
  // The moment at which an alert is in the document, by the page itself: nothing is polled.
  await page.evaluate(() => {
    globalThis.bannerAt = {};
    new MutationObserver(() => {
      for (const strip of document.querySelectorAll('.pb-strip')) globalThis.bannerAt[strip.dataset.id] ??= Date.now();
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  return page;
}

async function measure(program, pages) {
  const ask = async (method, where, body) => {
    const answer = await fetch(program.base + where, { method, headers: { authorization: `Bearer ${program.env.ADMIN_TOKEN}`, 'content-type': where.startsWith('/fhir') ? 'application/fhir+json' : 'application/json' }, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${where}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const patient = await ask('POST', '/fhir/Patient', { resourceType: 'Patient', name: [{ text: '何小明' }], meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: '380102' }] } });
  await ask('PUT', '/fhir/WatchList/banner', { resourceType: 'WatchList', id: 'banner', status: 'active', name: 'banner', title: 'banner', publisher: 'banner', level: 'critical', text: 'banner', instruction: 'banner' });
  await ask('POST', '/fhir/WatchEntry', { resourceType: 'WatchEntry', status: 'active', list: { reference: 'WatchList/banner' }, subject: { reference: `Patient/${patient.id}` }, reason: { text: 'banner' } });
  const runs = [];
  for (let i = 0; i < times; i += 1) {
    const sent = Date.now();
    const visit = await ask('POST', '/fhir/Encounter', { resourceType: 'Encounter', status: 'arrived', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' }, subject: { reference: `Patient/${patient.id}` } });
    const answered = Date.now() - sent;
    const receipt = (await ask('GET', `/fhir/AlertReceipt?encounter=Encounter/${visit.id}`)).entry?.[0]?.resource;
    if (!receipt) throw new Error('no alert was raised: what was measured is not what was asked');
    const seen = await Promise.all(pages.map((page) => page.waitForFunction((id) => globalThis.bannerAt[id], receipt.id, { timeout: kPatienceMs }).then((told) => told.jsonValue())));
    runs.push({ answered, doctor: seen[0] - sent, cdc: seen[1] - sent });
    await ask('POST', '/app/point-of-care/acknowledge', { alert: receipt.alert.reference });
    for (const page of pages) await page.locator('.pb-strip').waitFor({ state: 'detached', timeout: kPatienceMs });
  }
  return runs;
}

function table(machine, runs) {
  const row = (name, key, mark) => {
    const sorted = runs.map((run) => run[key]).sort((a, b) => a - b);
    return `| ${name} | ${at(sorted, 0.5)} | ${at(sorted, 0.95)} | ${sorted.at(-1)} | ${mark ? `< ${mark}: ${at(sorted, 0.95) < mark ? 'hit' : 'missed'}` : ''} |`;
  };
  return [`# Alert on open pages, ${machine.date.slice(0, 10)}, ${machine.commit}`, '',
    `\`./tk bench banner --times ${times}\` on ${machine.cpus} × ${machine.cpu}, load before ${machine.load_before.join(' ')}, after ${machine.load_after.join(' ')}.`,
    'A listed person registers; from sending the registration until the alert is in the document of a clinician\'s and of a disease control officer\'s open page, each in a browser of its own, on the machine of the program.', '',
    '| milliseconds | p50 | p95 | most | mark (p95) |', '|---|---|---|---|---|', row('the registration is answered', 'answered'), row('the clinician\'s page', 'doctor', kMarkMs), row('disease control\'s page', 'cdc', kMarkMs), ''].join('\n');
}

const program = await startProgram(process.env.TK_PROGRAM ?? kProgram);
const browsers = [];
try {
  const machine = describe();
  for (let i = 0; i < 2; i += 1) browsers.push(await openBrowser());
  const pages = [await openDesk(browsers[0], program, 'doctor', '380102'), await openDesk(browsers[1], program, 'cdc-officer', '3801')];
  const runs = await measure(program, pages);
  machine.load_after = os.loadavg().map((one) => Number(one.toFixed(2)));
  const text = table(machine, runs);
  const report = process.env.TK_REPORT ?? path.join(os.tmpdir(), 'bench-banner.md');
  fs.writeFileSync(report, text);
  console.log(text);
} finally {
  for (const browser of browsers) await browser.close();
  await program.stop();
}
