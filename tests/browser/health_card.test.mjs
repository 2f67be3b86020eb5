// The health card where people meet it: the holder's phone shows a code that renews itself, the desk scans it once; a replay, a loss and a lost network are told
// in words. Against a real program only: the test double has no cards.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkAxe, freshNumber, kDesk, kPhone, kReal, openBrowser, openPage, until, untilCount } from './lib.mjs';
import { residentId } from './people.mjs';
import { addAccount } from './program.mjs';

const { PROGRAM, DATA, ADMIN_TOKEN } = process.env;
// Of this run alone: what failed is played once more against the same program.
const kMark = Date.now() % 1_000_000, kDeskAccount = `card${kMark}`, kParentAccount = `parent${kMark}`, kHolderPost = `holder${kMark}`;

/** As the administrator, past the pages. */
async function tell(method, path, body) {
  const answer = await fetch(kReal + path, { method, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': path.startsWith('/fhir') ? 'application/fhir+json' : 'application/json' }, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

describe('the health card', { skip: PROGRAM && DATA ? false : 'needs a program: let run.mjs start it' }, () => {
  let browser, holder, desk, person;
  const passwords = {};
  async function enter(opened, path, who = kDeskAccount) {
    await opened.page.goto(kReal + path);
    await opened.page.getByLabel('账号').fill(who);
    await opened.page.getByLabel('密码', { exact: true }).fill(passwords[who]);
    await opened.page.keyboard.press('Enter');
    return opened;
  }
  const code = () => holder.page.locator('.hc-qr').getAttribute('data-code');
  const shownCode = () => until('a code', code);
  const scan = async (text) => {
    await desk.page.getByLabel('扫码枪扫入').fill(text);
    await desk.page.keyboard.press('Enter');
  };
  const verdict = (word) => desk.page.locator('.hv-result .hv-word', { hasText: word }).waitFor();

  before(async () => {
    browser = await openBrowser();
    const number = freshNumber(5);
    person = (await tell('POST', '/fhir/Patient', { resourceType: 'Patient', name: [{ text: '何小明' }], identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: number }],
      meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: '380102' }] } })).id;
    await tell('POST', '/app/health-card/issue', { patient: `Patient/${person}`, identity: number });
    passwords[kDeskAccount] = addAccount(PROGRAM, DATA, kDeskAccount, 'card-desk', '380102', '健康卡窗口');
    holder = await enter(await openPage(browser, kPhone), `/m/health-card?person=${person}`);
    desk = await enter(await openPage(browser, kDesk), '/work/');
    await desk.page.getByRole('link', { name: '电子健康卡' }).click();
    await desk.page.getByText('等待扫码').waitFor();
  });
  after(async () => {
    await holder?.done();
    await desk?.done();
    await browser?.close();
  });

  test('a code is shown with the seconds that are left, and scanned once', async () => {
    const first = await shownCode();
    assert.match(first, /^TK:[A-Z2-7]{149}$/);
    await holder.page.getByText('秒后自动更新').waitFor();
    await checkAxe(holder.page, 'card');
    await scan(first);
    await verdict('有效');
    await desk.page.getByText('何**').waitFor();
    await checkAxe(desk.page, 'valid');
    await scan(first);
    await verdict('这个码已经用过');
    await checkAxe(desk.page, 'used before');
  });

  test('the code renews itself before it ends', async () => {
    await holder.page.clock.install();
    await holder.page.reload();
    const before = await shownCode();
    await holder.page.clock.fastForward(51_000);
    await until('another code', async () => {
      await holder.page.clock.runFor(500);
      const now = await code();
      return now && now !== before;
    });
    await scan(await code());
    await verdict('有效');
    await holder.page.clock.resume();
  });

  test('without network the desk says so, and takes a code only once all the same', async () => {
    await desk.page.getByText('断网时可核验').waitFor();
    await desk.context.setOffline(true);
    const last = await shownCode();
    await holder.page.getByRole('button', { name: '换一个码' }).click();
    const fresh = await until('a new code', async () => ((await code()) !== last ? code() : null));
    await scan(fresh);
    await verdict('有效（离线）');
    await desk.page.getByText('只核对签名、时间').waitFor();
    await checkAxe(desk.page, 'offline');
    await scan(fresh);
    await verdict('这个码已经用过');
    await desk.context.setOffline(false);
  });

  test('a loss is dead at once, on the phone and at the desk', async () => {
    const last = await shownCode();
    await holder.page.getByRole('button', { name: '打印静态码' }).click();
    await holder.page.getByRole('img', { name: /静态健康码二维码/ }).waitFor();
    await checkAxe(holder.page, 'print');
    await holder.page.keyboard.press('Escape');
    await holder.page.getByRole('button', { name: '挂失' }).click();
    await checkAxe(holder.page, 'loss');
    await holder.page.getByRole('button', { name: '确认挂失' }).click();
    await holder.page.getByText('补卡请带有效证件').waitFor();
    await scan(last);
    await verdict('卡已挂失');
    await checkAxe(desk.page, 'lost');
  });

  test('where the browser reads no codes itself there is no camera, and typing works', async () => {
    const plain = await openPage(browser, kPhone);
    await plain.page.addInitScript(() => delete globalThis.BarcodeDetector);
    await enter(plain, '/m/health-card-check');
    await plain.page.getByText('这个浏览器不能直接扫码').waitFor();
    assert.equal(await plain.page.getByRole('button', { name: '用摄像头扫码' }).count(), 0);
    await checkAxe(plain.page, 'check without camera');
    await plain.page.getByLabel('扫码枪扫入').fill('TK:NONSENSE');
    await plain.page.keyboard.press('Enter');
    await plain.page.locator('.hv-result .hv-word', { hasText: '不是健康卡的码' }).waitFor();
    await plain.done();
  });

  test('where it does, the camera reads a code once, and a camera that is refused is told', async () => {
    const seen = await openPage(browser, kPhone);
    // The browser of these tests has neither camera nor detector: both are played, the page between them is the real one.
    await seen.page.addInitScript(() => {
      globalThis.BarcodeDetector = class { detect() { return Promise.resolve([{ rawValue: 'TK:NONSENSE' }]); } };
      const canvas = document.createElement('canvas');
      setInterval(() => canvas.getContext('2d').fillRect(0, 0, Math.random() * 8, 8), 50);  // a picture that stands still sends none
      const media = { getUserMedia: () => (globalThis.tkNoCamera ? Promise.reject(new DOMException('', 'NotAllowedError')) : Promise.resolve(canvas.captureStream(5))) };
      Object.defineProperty(navigator, 'mediaDevices', { value: media });
    });
    await enter(seen, '/m/health-card-check');
    await seen.page.getByRole('button', { name: '用摄像头扫码' }).click();
    await seen.page.locator('.hv-result .hv-word', { hasText: '不是健康卡的码' }).waitFor();
    await checkAxe(seen.page, 'the camera');
    await seen.page.evaluate(() => { globalThis.tkNoCamera = true; });
    await seen.page.getByRole('button', { name: '关闭摄像头' }).click();
    await seen.page.getByRole('button', { name: '用摄像头扫码' }).click();
    await seen.page.getByText('打不开摄像头').waitFor();
    await seen.done();
  });

  test('a guardian shows his own card and that of the child in his care', async () => {
    const area = { system: 'http://tongkang.dev/fhir/sid/area', code: '380102' }, number = freshNumber(6);
    const born = `${new Date().getFullYear() - 6}-01-02`, kid = residentId('380102', born, Date.now() % 1000);
    const patient = (name, value, more = {}) => tell('POST', '/fhir/Patient', { resourceType: 'Patient', name: [{ text: name }], identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value }], meta: { tag: [area] }, ...more });
    const parent = (await patient('何大明', number)).id, child = (await patient('何小宝', kid, { birthDate: born })).id;
    await tell('POST', '/app/health-card/issue', { patient: `Patient/${parent}`, identity: number });
    const father = await tell('POST', '/fhir/RelatedPerson', { resourceType: 'RelatedPerson', active: true, patient: { reference: `Patient/${child}` }, relationship: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'FTH' }] }],
      meta: { tag: [area, { system: 'http://tongkang.dev/fhir/sid/guardianship', code: 'verified' }] }, extension: [{ url: 'http://tongkang.dev/fhir/StructureDefinition/related-person-patient', valueReference: { reference: `Patient/${parent}` } }] });
    const own = await tell('GET', `/fhir/Patient/${parent}`);
    await tell('PUT', `/fhir/Patient/${parent}`, { ...own, link: [{ other: { reference: `RelatedPerson/${father.id}` }, type: 'seealso' }] });
    // A resident who may show cards: a post of the city's.
    fs.appendFileSync(path.join(DATA, 'posts.toml'), `\n[${kHolderPost}]\ntitle_zh = "持卡人"\ntitle_en = "Holder"\nreads = ["Patient", "RelatedPerson", "HealthCard", "HealthCardUse"]\noperations = ["health-card-present"]\nsource = "a test"\n`);
    fs.appendFileSync(path.join(DATA, 'policies.toml'), `\n[like.${kHolderPost}]\npost = "resident"\nsource = "a test"\n`);
    passwords[kParentAccount] = 'bitter melon 77';
    execFileSync(PROGRAM, ['account', 'add', kParentAccount, '--kind', 'resident', '--post', kHolderPost, '--record', `Patient/${parent}`, '--data', DATA], { input: passwords[kParentAccount] });
    const mine = await openPage(browser, kPhone);
    await enter(mine, '/m/health-card', kParentAccount);
    const people = mine.page.getByRole('navigation', { name: '谁的卡' }), qr = mine.page.locator('.hc-qr');
    await people.getByRole('button', { name: '本人' }).waitFor();
    const first = await until('his code', () => qr.getAttribute('data-code'));
    await people.getByRole('button', { name: '孩子' }).click();
    // The child has no card yet: said, and nobody else's is shown.
    await mine.page.getByText('还没有健康卡').waitFor();
    await untilCount(qr, 0);
    await checkAxe(mine.page, 'a child without card');
    await tell('POST', '/app/health-card/issue', { patient: `Patient/${child}`, identity: kid });
    await mine.page.reload();
    const childs = await until('the code of the child', async () => {
      const shown = await qr.getAttribute('data-code');
      return shown !== first && shown;
    });
    assert.equal(await people.getByRole('button', { name: '孩子' }).getAttribute('aria-pressed'), 'true', 'the URL holds whose card it is');
    await scan(childs);
    await verdict('有效');
    await desk.page.getByText('何**').first().waitFor();
    await checkAxe(mine.page, 'the card of a child');
    await mine.done();
  });

  test('in English there is no Chinese left but names', async () => {
    await desk.page.getByRole('button', { name: 'English' }).click();
    await desk.page.getByText('Card reported lost').waitFor();
    for (const selector of ['.hv-ask', '.hv-result'])
      assert.doesNotMatch((await desk.page.locator(selector).innerText()).replaceAll(/何\*+/g, ''), /\p{Script=Han}/u);
  });
});
