// A grid worker's tasks on the phone against a real program: what is late first, the same number in the list and on the map, a task taken, held and closed by the
// ways of its workflow; with the network cut what was done waits and is sent once; axe, both languages. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkAxe, kPhone, openBrowser, openPage, until, untilCount } from './lib.mjs';
import { residentId } from './people.mjs';
import { addAccount } from './program.mjs';
import { openWorld } from './world.mjs';

const { PROGRAM, DATA, BASE, PICTURES } = process.env;
const kMark = Date.now() % 1_000_000;
const kGrid = `380102001${String(kMark % 1000).padStart(3, '0')}`;
const kAreas = `code,name,parent,longitude,latitude,boundary
3801,安和市,,124.5,31.5,
380102,清江区,3801,124.2,31.5,
380102001,柳溪街道,380102,124.2,31.5,
${kGrid},第七网格,380102001,124.205,31.503,"{""type"":""Polygon"",""coordinates"":[[[124.200,31.500],[124.210,31.501],[124.209,31.506],[124.201,31.507],[124.200,31.500]]]}"
`;
const geo = (longitude, latitude) => [{ url: 'http://hl7.org/fhir/StructureDefinition/geolocation', extension: [{ url: 'latitude', valueDecimal: latitude }, { url: 'longitude', valueDecimal: longitude }] }];

describe('tasks on a phone', { skip: PROGRAM && DATA ? false : 'needs a program: let run.mjs start it' }, () => {
  let browser, opened, page, world, password;
  const account = `grid${kMark}`;
  const picture = async (name) => { if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `m-tasks-${name}.png`) }); };
  const person = async (n, name, birthDate, address) => {
    const patient = await world.ask('PUT', `Patient/t${kMark}-${n}`, {
      resourceType: 'Patient', id: `t${kMark}-${n}`, meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: kGrid, display: '第七网格' }] },
      identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: residentId('380102', birthDate, (kMark + n) % 1000) }],
      name: [{ text: name }], gender: 'male', birthDate, telecom: [{ system: 'phone', value: `1990000${String(1000 + n)}` }], address: [address],
    });
    return patient;
  };
  const states = async (id) => (await world.ask('GET', `Task/${id}`)).status;
  const enter = async (one, where) => {
    await one.page.goto(world.base + where);
    await one.page.getByLabel('账号').fill(account);
    await one.page.getByLabel('密码', { exact: true }).fill(password);
    await one.page.keyboard.press('Enter');
  };

  before(async () => {
    world = await openWorld(BASE);
    await fetch(`${BASE}/fhir/$import-areas`, { method: 'POST', headers: { authorization: `Bearer ${process.env.ADMIN_TOKEN}`, 'content-type': 'text/csv' }, body: kAreas }).then((a) => assert.ok(a.ok));
    const people = [
      await person(1, '孙有福', '1955-03-02', { text: '云桥里 3 栋 201', extension: geo(124.204, 31.5045) }),
      await person(2, '郑秀英', '1943-05-06', { text: '河沿巷 9 号', extension: geo(124.207, 31.502) }),
      await person(3, '吴小敏', '1992-08-09', { text: '云桥里 11 栋 502' }),
    ];
    await world.addReading(people[0], 38.4, 250);
    await world.addReading(people[1], 37.9, 160);
    await world.addReading(people[2], 37.5);
    password = addAccount(PROGRAM, DATA, account, 'grid-worker', kGrid, '邵网格');
    browser = await openBrowser();
    opened = await openPage(browser, kPhone, { geolocation: { longitude: 124.2068, latitude: 31.5022 }, permissions: ['geolocation'] });
    page = opened.page;
    await enter(opened, '/m/');
    await page.waitForURL(/\/m\/tasks$/);
    await untilCount(page.locator('.tm-row'), 3);
  });
  after(async () => {
    await opened?.done();
    await browser?.close();
    await world?.close();
  });

  test('what is late stands first; a task has one number in the list and on the map', async () => {
    await page.getByRole('heading', { name: /^待办 3 件，[12] 件逾期$/ }).waitFor();
    await untilCount(page.locator('.tm-map a'), 3);
    assert.match(await page.locator('.tm-row').first().innerText(), /孙\*福.*\n?逾期 2 小时/);
    assert.match(await page.getByRole('link', { name: /^第 3 件/ }).getAttribute('aria-label'), /只知道在哪个网格/);
    assert.equal(await page.locator('.tm-call').first().getAttribute('href'), 'tel:19900001001');
    await checkAxe(page, 'tasks');
    await picture('list');
    await page.getByRole('button', { name: '按远近排' }).click();
    await page.getByText('由近到远').waitFor();
    assert.match(await page.locator('.tm-row').first().innerText(), /郑\*英[^]*直线 \d+ 米/);
    await picture('near');
    await page.getByRole('link', { name: /^第 1 件/ }).press('Enter');
    await page.getByText('河沿巷 9 号').waitFor();
    await page.goBack();
    await untilCount(page.locator('.tm-row'), 3);
  });

  test('a task is taken and closed by the ways of its workflow', async () => {
    await page.locator('.tm-row', { hasText: '孙*福' }).getByRole('link').first().click();
    await page.getByText('体温 38.4 °C').waitFor();
    await page.getByRole('button', { name: '显示全名' }).click();
    await page.getByRole('heading', { name: /孙有福/ }).waitFor();
    await checkAxe(page, 'a task');
    await picture('one');
    const id = new URL(page.url()).searchParams.get('task');
    await page.getByRole('button', { name: '接手' }).click();
    await page.getByRole('button', { name: '暂联系不上' }).waitFor();
    assert.equal(await states(id), 'accepted');
    await page.getByText('收回刚才那一步').waitFor();
    await page.getByText(/现在不能办的 \d 项/).click();
    await page.locator('.tm-not', { hasText: '请在电脑上办' }).waitFor();
    await checkAxe(page, 'a task that is taken');
    await picture('taken');
    await page.getByRole('button', { name: '办结' }).click();
    await page.getByRole('button', { name: '办结' }).click();
    await page.getByText('2 处没有填好').or(page.getByText(/处/)).first().waitFor();
    await checkAxe(page, 'a form with problems');
    await picture('form');
    await page.getByLabel('已安排就诊').check();
    await page.getByLabel('原因').fill('体温仍高，已送发热门诊');
    await page.getByRole('button', { name: '办结' }).click();
    await page.getByText('这件已经办结').waitFor();
    const closed = await world.ask('GET', `Task/${id}`);
    assert.equal(closed.status, 'completed');
    assert.equal(closed.statusReason.coding[0].code, 'referred');
    assert.equal(closed.owner.display, '邵网格');
    await page.locator('.tm-steps').getByText('体温仍高，已送发热门诊').waitFor();
    await picture('closed');
  });

  test('without network a step waits, and is sent once', async () => {
    await page.goto(`${world.base}/m/tasks`);
    await page.locator('.tm-row', { hasText: '吴*敏' }).getByRole('link').first().click();
    await page.getByRole('button', { name: '接手' }).waitFor();
    const id = new URL(page.url()).searchParams.get('task');
    world.setDown(true);
    await page.getByRole('button', { name: '接手' }).click();
    await page.getByText('记在本机，有网自动上传一次').waitFor();
    await checkAxe(page, 'a step that waits');
    await picture('waits');
    assert.equal(await states(id), 'requested');
    world.setDown(false);
    await page.getByRole('button', { name: '暂联系不上' }).waitFor();
    const taken = await world.ask('GET', `Task/${id}`);
    assert.equal(taken.status, 'accepted');
    const steps = (await world.ask('GET', `Task/${id}/$states`)).parameter.filter((p) => p.name === 'step');
    assert.equal(steps.length, 2);
  });

  test('what somebody else did meanwhile is told, and nothing is overwritten', async () => {
    await page.goto(`${world.base}/m/tasks`);
    await page.locator('.tm-row', { hasText: '郑*英' }).getByRole('link').first().click();
    await page.getByRole('button', { name: '接手' }).waitFor();
    const id = new URL(page.url()).searchParams.get('task');
    world.setDown(true);
    await page.getByRole('button', { name: '接手' }).click();
    await page.getByText('记在本机').waitFor();
    await world.take({ id }, `officer${kMark}`, '周文博');
    world.setDown(false);
    await page.getByRole('button', { name: '知道了，撤掉这一步' }).waitFor();
    await checkAxe(page, 'a step that was refused');
    await picture('conflict');
    await page.getByRole('button', { name: '知道了，撤掉这一步' }).click();
    await page.getByText('周文博').first().waitFor();
    assert.equal((await world.ask('GET', `Task/${id}`)).owner.display, '周文博');
  });

  test('the home page has today, the tab bar leads everywhere; English; narrow', async () => {
    await page.getByRole('link', { name: '今日' }).click();
    await page.getByRole('heading', { name: /^待办 2 件/ }).waitFor();
    await checkAxe(page, 'the home page');
    await picture('home');
    await page.getByRole('navigation', { name: '首页和常用' }).getByRole('link', { name: '任务' }).click();
    await page.getByRole('button', { name: /^今天办的 1/ }).click();
    await untilCount(page.locator('.tm-row'), 1);
    for (const width of [320, 360, 768, 1366]) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} px`);
    }
    await page.setViewportSize(kPhone);
    await page.evaluate(() => localStorage.setItem('tk.language', 'en'));
    await page.goto(`${world.base}/m/tasks`);
    await page.getByRole('button', { name: /^To do 2/ }).waitFor();
    await checkAxe(page, 'tasks in English');
    await picture('en');
    await page.locator('.tm-row').first().getByRole('link').first().click();
    await page.getByText('What can be done').waitFor();
    const words = (await page.locator('.tm-act').innerText()) + (await page.locator('.tm-facts dt').allInnerTexts()).join();
    assert.doesNotMatch(words, /\p{Script=Han}/u);
    await page.goto(`${world.base}/m/tasks?task=none-such`);
    await page.getByText('Not found').waitFor();
  });
});
