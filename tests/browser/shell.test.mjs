// The shell: five doors, each account's own on the front page; the head's who, where and help; notices that arrive live and open at their record; without
// network; from 360 to 1920 px, both languages, axe. Against the test double, which can be told to send notices. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, beforeEach, afterEach, describe, test } from 'node:test';
import { checkAxe, kDesk, kPhone, kReal, openBrowser, openPage, signIn, until, untilCount } from './lib.mjs';
import { MockServer } from '../../ui/tests/mock-server.mjs';

const noHan = async (page, selector, but = /$^/) => assert.doesNotMatch((await page.locator(selector).innerText()).replace(but, ''), /\p{Script=Han}/u);

const kDoor = '/work/';

describe('the shell', { skip: kReal ? 'of the test double' : false }, () => {
  let browser, mock, base, opened, page;
  before(async () => (browser = await openBrowser()));
  after(() => browser.close());
  beforeEach(async () => {
    mock = new MockServer();
    base = await mock.listen();
    opened = null;
  });
  afterEach(async () => {
    await opened?.done();
    await mock.close();
  });
  async function open(viewport, where, role) {
    opened = await openPage(browser, viewport);
    page = opened.page;
    await signIn(page, base, where, role);
  }
  async function picture(name) {
    if (process.env.PICTURES) await page.screenshot({ path: path.join(process.env.PICTURES, `shell-${name}.png`) });
  }
  /** Nothing sticks out to the right at any width. */
  async function fits(...widths) {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} px`);
      const head = await page.locator('header').first().evaluate((h) => [h.scrollWidth, h.clientWidth]);
      assert.ok(head[0] <= head[1], `the head at ${width} px: ${head}`);
    }
  }

  for (const [role, doors] of [['gate', ['业务端', '移动端']], ['cdc', ['业务端', '移动端']], ['boss', ['业务端', '移动端', '管理端', '运维端']], ['anna', ['居民端']], ['ops', ['运维端']], ['idle', []]]) {
    test(`the front page has the doors of ${role}: ${doors.join(', ') || 'none'}`, async () => {
      await open(kPhone, '/', role);
      await page.getByRole('heading', { name: '从哪个门进去' }).waitFor();
      assert.deepEqual(await page.locator('.tk-doors b').allInnerTexts(), [...doors, '我的登录']);
      await checkAxe(page, `the doors of ${role}`);
      await picture(`doors-${role}`);
      if (doors.length === 0) await page.getByText('您的岗位还没有能进的门').waitFor();
    });
  }

  for (const [door, role, name] of [['work', 'cdc', '业务端'], ['city', 'boss', '管理端'], ['ops', 'boss', '运维端']]) {
    test(`/${door}: who, where, how fresh, help, language; it fits from a phone to a wall`, async () => {
      await open(kDesk, `/${door}/`, role);
      await page.locator('.tk-desk-nav a[aria-current]').waitFor();
      await page.locator('.tk-desk-door', { hasText: name }).waitFor();
      await page.locator('.tk-live[data-state="live"]').waitFor();
      await page.locator('main h1').waitFor();
      assert.match(await page.locator('.tk-desk-who').innerText(), role === 'cdc' ? /周文博\s+疾控人员/ : /白指挥/);
      await page.locator('.tk-desk-area', { hasText: role === 'cdc' ? '3801' : '全市' }).waitFor();
      await checkAxe(page, `/${door}`);
      await picture(`${door}`);
      await fits(1920, 1366, 1024, 700, 360);
      await checkAxe(page, `/${door} on a phone`);
      await picture(`${door}-phone`);
      await page.setViewportSize(kDesk);
      await page.keyboard.press('?');
      const help = page.getByRole('dialog', { name: '帮助' });
      await help.getByRole('heading', { name: '哪里都能用的键' }).waitFor();
      await checkAxe(page, `help at /${door}`);
      await picture(`${door}-help`);
      await page.keyboard.press('Escape');
      await untilCount(help, 0);
      await page.getByRole('button', { name: 'English' }).click();
      await page.getByRole('button', { name: '中文' }).waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Help' }).waitFor();
      await noHan(page, '.tk-dialog');
      await page.keyboard.press('Escape');
      await noHan(page, '.tk-desk-nav');
      await noHan(page, '.tk-desk-top', /通康|中文|周文博|白指挥|[周白]/g);
      await fits(1366, 360);
    });
  }

  test('a notice is there as it is sent, opens at its record, and is read then', async () => {
    await open(kDesk, `${kDoor}inbox`, 'cdc');
    await page.getByText('没有未读通知').first().waitFor();
    await checkAxe(page, 'no notice');
    await picture('inbox-empty');
    await page.locator('.tk-live[data-state="live"]').waitFor();
    const someone = mock.addPatient('380102197903150017', '何思明', 'male', '1979-03-15');
    mock.addReading(someone, 38.1);
    const task = [...mock.heads.values()].find((r) => r.resourceType === 'Task');
    mock.addNotice('screener', '别人的', 'Not mine');
    mock.addNotice('cdc-officer', '随访超时', 'A follow-up is late', { about: `Task/${task.id}`, text: [`到时未办结：Task/${task.id}`, `Not closed in time: Task/${task.id}`] });
    mock.addNotice('cdc-officer', '系统维护', 'Maintenance', { priority: 'routine', text: ['今晚十点', 'At ten'] });
    await page.getByRole('button', { name: '2 条未读通知' }).waitFor();
    await untilCount(page.locator('.tk-notices .tk-notice'), 2);
    assert.doesNotMatch(await page.locator('.tk-notices').innerText(), /别人的|Task\//);
    await checkAxe(page, 'notices');
    await picture('inbox');
    await page.getByRole('button', { name: '标为已读：系统维护' }).click();
    await page.getByRole('button', { name: '1 条未读通知' }).click();
    const panel = page.getByRole('region', { name: '通知' });
    await panel.getByRole('link', { name: /随访超时/ }).waitFor();
    await checkAxe(page, 'the bell');
    await picture('bell');
    await page.keyboard.press('Escape');
    await untilCount(panel, 0);
    await page.getByRole('button', { name: '1 条未读通知' }).click();
    await panel.getByRole('link', { name: /随访超时/ }).click();
    await page.waitForURL(new RegExp(`${kDoor}screening\\?task=${task.id}$`));
    await page.getByText('可办事项').waitFor();
    await page.getByRole('button', { name: '0 条未读通知' }).waitFor();
    await page.goto(base + `${kDoor}inbox?list=all`);
    await untilCount(page.locator('.tk-notices .tk-notice'), 2);
  });

  test('sounds are silenced for every page, and it is remembered', async () => {
    await open(kDesk, `${kDoor}inbox`, 'cdc');
    await page.getByRole('main').getByRole('button', { name: '静音', pressed: false }).click();
    await page.getByRole('main').getByRole('button', { name: '静音', pressed: true }).waitFor();
    await page.getByRole('link', { name: '疫情防控筛查' }).click();
    await page.getByRole('button', { name: '提示音已关，点一下打开' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: '提示音已关，点一下打开' }).waitFor();
  });

  test('one stream for the whole page, whatever listens', async () => {
    await open(kDesk, kDoor + 'screening', 'cdc');
    await page.locator('.sw-counts').waitFor();
    await page.locator('.tk-live[data-state="live"]').waitFor();
    await until('one stream', () => mock.streams.size === 1);
    assert.deepEqual([...mock.streams][0].types, ['Communication', 'Task']);
  });

  test('without network it says so, and says it no more when it is back', async () => {
    await open(kDesk, '/work/', 'cdc');
    await page.locator('.tk-live[data-state="live"]').waitFor();
    await page.locator('main h1').waitFor();
    await page.context().setOffline(true);
    await page.getByText('没有网络。').waitFor();
    await checkAxe(page, 'offline');
    await picture('offline');
    await page.context().setOffline(false);
    await untilCount(page.getByText('没有网络。'), 0);
  });

  test('the phone doors: home with who, what was told and what can be done', async () => {
    await open(kPhone, '/m/', 'gate');
    await page.getByText('查找下一位').waitFor();
    mock.addNotice('screener', '换岗', 'Change of shift', { text: ['六点换岗', 'At six'] });
    await page.getByRole('link', { name: '回到首页' }).click();
    await page.waitForURL(/\/m\/home$/);
    await page.getByRole('heading', { name: '未读通知 1 条' }).waitFor();
    await page.getByText('林晓云').waitFor();
    await page.locator('.tk-live[data-state="live"]').waitFor();
    mock.addNotice('screener', '带伞', 'Bring an umbrella', { priority: 'routine' });
    await page.getByRole('heading', { name: '未读通知 2 条' }).waitFor();
    await page.getByRole('button', { name: '标为已读：带伞' }).click();
    await page.getByRole('heading', { name: '未读通知 1 条' }).waitFor();
    await checkAxe(page, 'home of /m');
    await picture('m-home');
    await fits(390, 360);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Unread notices: 1' }).waitFor();
    await noHan(page, 'main', /林晓云/g);
    await page.getByRole('button', { name: 'Help' }).click();
    await noHan(page, '.tk-dialog');
    await checkAxe(page, 'help on a phone');
    await page.keyboard.press('Escape');
    await page.getByRole('navigation', { name: 'Home and most used' }).getByRole('link', { name: 'Register' }).click();
    await page.waitForURL(/\/m\/screening$/);
  });

  test('a resident comes in by /me, and nothing else is offered', async () => {
    await open(kPhone, '/me/', 'anna');
    await page.waitForURL(/\/me\/home$/);
    await page.getByText('没有未读通知').waitFor();
    assert.deepEqual(await page.locator('.tp-grid a').allInnerTexts(), ['健康卡', '我的档案', '谁看过我']);
    await checkAxe(page, 'home of /me');
    await picture('me-home');
    await fits(390, 360);
    await page.getByRole('button', { name: '退出登录' }).click();
    await page.getByRole('heading', { name: '登录' }).waitFor();
  });

  test('a day of the city: figures by area, another day by the URL, the report made once', async () => {
    const zero = { screener: 0, self: 0, organization: 0, fever: 0, opened: 0, closed: 0, open: 0 };
    mock.figures = [
      { ...zero, code: '380102', name: '清江区', screener: 1204, self: 310, fever: 7, opened: 7, closed: 4, open: 3 },
      { ...zero, code: '380103', name: '安北区', screener: 800, organization: 96, fever: 12, opened: 12, closed: 9, open: 3 },
      { ...zero, code: '3801', name: '安和市', screener: 2004, self: 310, organization: 96, fever: 19, opened: 19, closed: 13, open: 6 },
    ];
    await open(kDesk, '/city/screening', 'boss');
    await page.getByText('2,410').first().waitFor();
    assert.match(await page.locator('.sc-table tbody th').first().innerText(), /安北区/);
    await checkAxe(page, 'a day of the city');
    await picture('city-day');
    await page.getByRole('button', { name: '前一天' }).click();
    await page.getByRole('button', { name: '出日报' }).click();
    await page.getByRole('link', { name: 'Excel' }).waitFor();
    assert.match(page.url(), /day=\d{4}-\d\d-\d\d$/);
    await checkAxe(page, 'a day with its report');
    await picture('city-report');
    await page.reload();
    await page.getByRole('link', { name: 'PDF' }).waitFor();
    await page.goBack();
    await page.getByText('截至').first().waitFor();
    await fits(1920, 1366, 360);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Screening by day' }).waitFor();
    await noHan(page, 'main', /清江区|安北区/g);
  });

  test('the situation: what a post may not see is said, the stream that is down too, and a day that is over', async () => {
    const zero = { screener: 0, self: 0, organization: 0, fever: 0, opened: 0, closed: 0, open: 0 };
    mock.figures = [
      { ...zero, code: '380102', name: '清江区', screener: 40, fever: 2, open: 1 },
      { ...zero, code: '380103', name: '安北区', self: 60, fever: 1 },
      { ...zero, code: '', name: '全市', screener: 40, self: 60, fever: 3, open: 1 },
    ];
    await open(kDesk, '/city/', 'boss');
    await page.waitForURL(/\/city\/situation$/);
    await page.getByText('您的岗位不能看区划').waitFor();
    await page.getByText('您的岗位不能看应急物资').waitFor();
    await page.getByText('没有未结的任务').waitFor();
    await page.locator('.st-asof[data-form="live"]').waitFor();
    assert.deepEqual(await page.locator('.st-counties tbody th').allInnerTexts(), ['清江区', '安北区'], 'by rate: 50 and 16.7 of a thousand');
    assert.match(await page.locator('.st-counties tbody tr').first().innerText(), /50\.0/);
    await checkAxe(page, 'the situation without rights to the rest');
    mock.setDown(true);
    await page.locator('.st-asof[data-form="down"]').waitFor();
    await page.getByText('数据流中断').waitFor();
    await checkAxe(page, 'the situation, its stream down');
    await picture('situation-down');
    mock.setDown(false);
    await page.getByRole('button', { name: '前一天' }).click();
    await page.getByText(/回看 .* 全天/).waitFor();
    await page.getByRole('link', { name: '那天的日报' }).click();
    await page.getByRole('button', { name: '出日报' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: '回到实时' }).click();
    await page.getByRole('button', { name: /^发热人次 3/ }).click();
    await page.getByText('没有您能看的记录').waitFor();
    await page.keyboard.press('Escape');
    await fits(1920, 1366, 700, 360);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Situation' }).waitFor();
    await noHan(page, 'main', /清江区|安北区/g);
  });

  test('the situation cannot be read: it says so, and asking again helps', async () => {
    mock.fail = (method, path) => (path === '/app/screening/statistics' ? 503 : null);
    await open(kDesk, '/city/', 'boss');
    await page.getByRole('alert').first().waitFor();
    mock.fail = null;
    await page.getByRole('button', { name: '再试一次' }).first().click();
    await page.locator('.st-numbers').waitFor();
    await page.getByText('还没有导入市以下的区划').waitFor();
  });

  test('a path behind a door where nothing is says so and leads back', async () => {
    await open(kDesk, `${kDoor}nothing`, 'cdc');
    await page.getByText('没有这个页面').waitFor();
    await page.getByRole('button', { name: '回到首页' }).click();
    await page.waitForURL(/\/work\/today$/);
  });
});
