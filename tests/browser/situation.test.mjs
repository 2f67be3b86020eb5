// The situation of the city against a real program: numbers of readings that come in while the page is open, each opened at its list, the map of the areas that
// were imported, what is late and short, another day, the wall, a phone; axe, both languages. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkAxe, kDesk, kReal, openBrowser, openPage, until, untilCount } from './lib.mjs';
import { residentId } from './people.mjs';
import { addAccount } from './program.mjs';

const { PROGRAM, DATA, ADMIN_TOKEN, PICTURES } = process.env;
const kMark = Date.now() % 1_000_000;
const kAreas = `code,name,parent,longitude,latitude,boundary
3801,安和市,,124.5,31.5,
380102,清江区,3801,124.2,31.5,"{""type"":""Polygon"",""coordinates"":[[[124,31],[124.5,31],[124.5,32],[124,32],[124,31]]]}"
380104,云山县,3801,124.8,31.5,"{""type"":""Polygon"",""coordinates"":[[[124.5,31],[125,31],[125,32],[124.5,32],[124.5,31]]]}"
`;

async function tell(method, where, body, type = 'application/json') {
  const answer = await fetch(kReal + where, { method, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': type }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  assert.ok(answer.ok, `${where}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

/** A reading at a checkpoint, of somebody who lives there. */
async function reading(n, area, temperature) {
  const number = residentId(area, `19${40 + (kMark % 50)}-0${1 + (n % 9)}-1${n % 10}`, (kMark + n * 7) % 1000);
  const entry = { id: crypto.randomUUID(), person: { name: `何小${'明华强军丽'[n % 5]}`, number, area }, temperature, when: new Date().toISOString() };
  const told = await tell('POST', '/app/screening/entries', { entries: [entry] });
  assert.equal(told.added, 1);
}

describe('the situation', { skip: PROGRAM && DATA ? false : 'needs a program: let run.mjs start it' }, () => {
  let browser, opened, page;
  const picture = async (name) => { if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `situation-${name}.png`) }); };
  const fits = async (...widths) => {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} px`);
    }
  };
  const big = async (name) => Number((await page.getByRole('button', { name: new RegExp(`^${name} [\\d,]+$`) }).first().innerText()).replaceAll(',', ''));

  before(async () => {
    await tell('POST', '/fhir/$import-areas', kAreas, 'text/csv');
    await reading(1, '380102', 38.2);
    await tell('PUT', '/fhir/StockItem/masks', { resourceType: 'StockItem', id: 'masks', name: 'N95 口罩', unit: '只', state: 'active', onHand: 40, minimum: 100 }, 'application/fhir+json');
    browser = await openBrowser();
    const password = addAccount(PROGRAM, DATA, `boss${kMark}`, 'cdc-officer', '', '白指挥');
    opened = await openPage(browser, kDesk);
    page = opened.page;
    await page.goto(`${kReal}/city/`);
    await page.getByLabel('账号').fill(`boss${kMark}`);
    await page.getByLabel('密码', { exact: true }).fill(password);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/city\/situation$/);
    await page.locator('.st-asof[data-form="live"]').waitFor();
  });
  after(async () => {
    await opened?.done();
    await browser?.close();
  });

  test('a fever counts on the page that is open, in the head, the table, the map and the queue', async () => {
    await page.locator('.st-areas a').first().waitFor();
    const before = await big('发热人次');
    await untilCount(page.locator('.st-dots circle'), before + 1); // one in the key
    await reading(2, '380104', 38.6);
    await until('the fever is counted', async () => (await big('发热人次')) === before + 1);
    await untilCount(page.locator('.st-dots circle'), before + 2);
    assert.match(await page.getByRole('link', { name: /^云山县 发热 \d+$/ }).getAttribute('aria-label'), /发热 [1-9]/);
    await page.locator('.st-queue').getByText(/体温 38\.6/).waitFor();
    await checkAxe(page, 'the situation');
    await picture('desk');
  });

  test('a number opens at the list behind it; a county\'s at those who live there', async () => {
    const fevers = await big('发热人次');
    await page.getByRole('button', { name: /^发热人次/ }).click();
    const list = page.getByRole('dialog');
    await untilCount(list.locator('.st-records li'), fevers);
    assert.doesNotMatch(await list.innerText(), /何小/, 'names are masked');
    await checkAxe(page, 'the list behind a number');
    await picture('behind');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^云山县 发热/ }).click();
    await list.getByRole('heading', { name: /云山县 · 发热/ }).waitFor();
    await list.getByText('38.6 °C').waitFor();
    assert.equal(await list.getByText('38.2 °C').count(), 0, 'he lives in another county');
    assert.match(page.url(), /list=fever/);
    await page.reload();
    await list.getByText('38.6 °C').waitFor();
    await page.keyboard.press('Escape');
    await untilCount(list, 0);
  });

  test('an area of the map is looked at by keyboard; shortages say how much there is and must be', async () => {
    await page.getByRole('link', { name: /^清江区 发热/ }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.st-focus', { hasText: '清江区' }).waitFor();
    await page.getByRole('button', { name: '看全市' }).click();
    await page.getByText('现有 40，最低 100 只').waitFor();
  });

  test('a day that is over, the wall, a phone, English', async () => {
    await page.getByRole('button', { name: '前一天' }).click();
    await page.getByText(/回看 .* 全天/).waitFor();
    await page.goBack();
    await page.locator('.st-asof[data-form="live"]').waitFor();
    await page.setViewportSize({ width: 1920, height: 1080 });
    await page.getByRole('button', { name: '大屏' }).click();
    await checkAxe(page, 'the wall');
    await picture('wall');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: '大屏' }).waitFor();
    await fits(1366, 1024, 360);
    await checkAxe(page, 'the situation on a phone');
    await picture('phone');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Counties compared' }).waitFor();
    const words = (await page.locator('main').innerText()).replace(/清江区|云山县|N95 口罩|只|发热随访|补货|体温|达到或超过|物资|短缺/g, '');
    assert.doesNotMatch(words.split('\n').filter((l) => !/°|·/.test(l)).join('\n'), /\p{Script=Han}/u);
  });
});
