// A person at the desk: found by name, number and telephone without either standing in a URL, shown with what all institutions recorded, revealed on purpose. Against the
// test double. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { MockServer } from '../../ui/tests/mock-server.mjs';
import { checkAxe, kDesk, kReal, openBrowser, openPage, signIn, until, untilCount } from './lib.mjs';
import { residentId } from './people.mjs';

const kNumber = residentId('380102', '1968-03-15', 1), kPhone = '19900001234';
const kDoor = '/work/';
const kDay = 86_400_000;
const iso = (daysAgo) => new Date(Date.now() - daysAgo * kDay).toISOString();

/** One person with records in two hospitals, and another of the same family name. */
function seed(mock) {
  const one = mock.addPatient(kNumber, '张伟民', 'male', '1968-03-15');
  mock.write({ ...mock.heads.get(`Patient/${one.id}`), telecom: [{ system: 'phone', use: 'mobile', value: kPhone }] }, 'update');
  const two = mock.addPatient(kNumber, '张伟民', 'male', '1968-03-15', '380104');
  const other = mock.addPatient(residentId('380102', '1990-01-01', 2), '张小燕', 'female', '1990-01-01');
  const subject = { reference: `Patient/${one.id}` }, elsewhere = { reference: `Patient/${two.id}` };
  const first = mock.create({ resourceType: 'Organization', name: '市第一人民医院' });
  const at = (name) => [{ reference: 'Organization/elsewhere', display: name }];
  const loinc = (code, text) => ({ coding: [{ system: 'http://loinc.org', code }], text });
  const mk = (resourceType, rest) => mock.create({ resourceType, ...rest });
  mk('AllergyIntolerance', { patient: subject, code: { text: '青霉素' }, criticality: 'high', reaction: [{ manifestation: [{ text: '喉水肿' }] }], recordedDate: iso(400) });
  mk('AllergyIntolerance', { patient: elsewhere, code: { text: '碘造影剂' }, reaction: [{ manifestation: [{ text: '荨麻疹' }] }] });
  for (const [text, year] of [['慢性阻塞性肺疾病 GOLD 2 级', '2021'], ['2 型糖尿病', '2019'], ['高血压 2 级', '2016']]) mk('Condition', { subject: year === '2016' ? elsewhere : subject, code: { text }, onsetDateTime: year });
  mk('Condition', { subject, code: { text: '肺炎' }, clinicalStatus: { coding: [{ code: 'resolved' }] }, onsetDateTime: '2024-02' });
  mk('MedicationRequest', { subject, status: 'active', medicationCodeableConcept: { text: '盐酸二甲双胍缓释片' }, dosageInstruction: [{ text: '0.5 g 每日 2 次' }], authoredOn: iso(20), requester: { display: '柳溪社区卫生服务中心' } });
  mk('MedicationStatement', { subject: elsewhere, status: 'active', medicationCodeableConcept: { text: '布洛芬缓释胶囊' }, effectiveDateTime: iso(2) });
  mk('Encounter', { subject: elsewhere, status: 'finished', class: { code: 'IMP', display: '住院' }, type: [{ text: '慢阻肺急性加重住院' }], period: { start: iso(66), end: iso(59) }, serviceProvider: { reference: `Organization/${first.id}` } });
  for (const ago of [12, 95, 190, 300]) mk('Encounter', { subject, status: 'finished', class: { code: 'AMB', display: '门诊' }, type: [{ text: '慢病随访' }], period: { start: iso(ago) }, serviceProvider: { display: '柳溪社区卫生服务中心' } });
  mk('Immunization', { patient: subject, status: 'completed', vaccineCode: { text: '四价流感疫苗' }, occurrenceDateTime: iso(27), performer: [{ actor: { display: '接种门诊' } }] });
  mk('Flag', { subject, status: 'active', code: { text: '密切接触者' }, period: { start: iso(4) } });
  [4, 6, 22, 9, 7, 38].forEach((value, i) => mk('Observation', { subject, status: 'final', category: [{ coding: [{ code: 'laboratory' }] }], code: loinc('1988-5', 'C 反应蛋白'), effectiveDateTime: iso(150 - i * 29), valueQuantity: { value, unit: 'mg/L' }, referenceRange: [{ high: { value: 10, unit: 'mg/L' } }], performer: at('柳溪社区卫生服务中心') }));
  [36.4, 36.6, 37.6].forEach((value, i) => mk('Observation', { subject, status: 'final', code: loinc('8310-5', '体温'), effectiveDateTime: iso(5 - i * 2), valueQuantity: { value, unit: '°C', code: 'Cel' }, performer: at('市第二人民医院') }));
  mk('Observation', { subject, status: 'final', code: loinc('85354-9', '血压'), effectiveDateTime: iso(1), component: [{ code: loinc('8480-6', '收缩压'), valueQuantity: { value: 152, unit: 'mmHg' } }, { code: loinc('8462-4', '舒张压'), valueQuantity: { value: 94, unit: 'mmHg' } }], interpretation: [{ coding: [{ code: 'H' }] }], performer: at('市第二人民医院') });
  return { one, two, other };
}

describe('a person at the desk', { skip: kReal ? 'of the test double' : false }, () => {
  let browser, mock, base, opened, page, people;
  before(async () => (browser = await openBrowser()));
  after(() => browser.close());
  beforeEach(async () => {
    mock = new MockServer();
    base = await mock.listen();
    people = seed(mock);
    opened = await openPage(browser, kDesk);
    page = opened.page;
  });
  afterEach(async () => {
    await opened.done();
    await mock.close();
  });
  const picture = async (name) => { if (process.env.PICTURES) await page.screenshot({ path: path.join(process.env.PICTURES, `patient-${name}.png`), fullPage: true }); };
  const field = () => page.getByRole('combobox', { name: '找人' });
  const options = () => page.getByRole('option');
  /** No name, number or telephone has been in any address. */
  const nothingTold = () => {
    const told = [page.url(), ...mock.requests.map((r) => r.url)].map(decodeURIComponent).join('\n');
    for (const personal of [kNumber, kPhone, '张']) assert.ok(!told.includes(personal), personal);
  };

  test('found by name, number and telephone; by keyboard; nothing of it in an address', async () => {
    await signIn(page, base, `${kDoor}inbox`, 'doctor');
    await page.getByText('没有未读通知').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('张');
    await page.getByText('姓名至少两个字').waitFor();
    await field().fill('张伟');
    await untilCount(options(), 1);
    assert.match(await options().innerText(), /张\*\*\s+男\s+58 岁\s+3801 \*\*\*\* \*\*\*\* \d{3}[\dX]/);
    await page.getByText('2 份档案').waitFor();
    await checkAxe(page, 'a person is found');
    await picture('search');
    await field().fill(kNumber.slice(0, 17) + (kNumber[17] === '1' ? '2' : '1'));
    await page.getByText('身份证号有一位不对').waitFor();
    await field().fill('无此人');
    await page.getByText('没有找到').waitFor();
    await field().fill(kPhone);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`${kDoor}patient\\?id=${people.one.id}$`));
    await page.getByRole('heading', { name: '张**', exact: true }).waitFor();
    assert.equal(await field().inputValue(), '');
    await page.goto(base + `${kDoor}inbox`);
    await page.getByText('没有未读通知').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('张伟民');
    await untilCount(options(), 1);
    await page.keyboard.press('ArrowDown');
    await until('an option is chosen', async () => (await options().getAttribute('aria-selected')) === 'true');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/work\/patient\?id=/);
    nothingTold();
  });

  test('the record of all institutions: what matters first, what happened where, how values went', async () => {
    await signIn(page, base, `${kDoor}patient?id=${people.one.id}`, 'doctor');
    await page.getByText('2 份档案合看').waitFor();
    const allergies = page.getByRole('region', { name: /过敏史/ });
    assert.match(await allergies.innerText(), /青霉素\s*喉水肿[\s\S]*碘造影剂\s*荨麻疹/);
    const matters = page.getByRole('region', { name: '优先关注' });
    for (const words of ['高血压 2 级', '已解决 1', '盐酸二甲双胍缓释片', '布洛芬缓释胶囊', 'C 反应蛋白', '参考 ≤10', '高']) await matters.getByText(words).first().waitFor();
    assert.equal(await matters.getByText('肺炎', { exact: true }).count(), 0);
    const history = page.getByRole('region', { name: '跨机构时间线' });
    for (const words of ['慢阻肺急性加重住院', '市第一人民医院', '四价流感疫苗', '密切接触者', '现行']) await history.getByText(words).first().waitFor();
    const trends = page.getByRole('region', { name: '体征和趋势' });
    for (const words of ['152/94', '37.6']) await trends.getByText(words).first().waitFor();
    await checkAxe(page, 'a record');
    await picture('record');
    await trends.getByRole('combobox').selectOption({ label: 'C 反应蛋白 （6 次）' });
    await untilCount(trends.locator('.pt-values tbody tr'), 6);
    await history.getByRole('combobox').selectOption('stay');
    await untilCount(history.locator('.pt-events li'), 1);
    assert.match(page.url(), /kind=stay/);
    await page.goBack();
    await until('all kinds again', async () => (await history.locator('.pt-events li').count()) > 5);
    for (const width of [1920, 1100, 700, 360]) {
      await page.setViewportSize({ width, height: 900 });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && document.querySelector('.pt').scrollWidth <= document.querySelector('.pt').clientWidth), `${width} px`);
    }
    await checkAxe(page, 'a record on a phone');
    await picture('record-phone');
    await page.setViewportSize(kDesk);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'What matters first' }).waitFor();
    await page.getByText('2 records together').waitFor();
    await picture('record-en');
    nothingTold();
  });

  test('showing what is masked asks for the reason and is recorded; it can be hidden again', async () => {
    await signIn(page, base, `${kDoor}patient?id=${people.one.id}`, 'doctor');
    await page.getByRole('heading', { name: '张**', exact: true }).waitFor();
    assert.doesNotMatch(await page.locator('main').innerText(), new RegExp(`${kNumber}|${kPhone}|张伟民`));
    await page.getByRole('button', { name: '显示', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: '显示完整信息' });
    await dialog.getByRole('button', { name: '显示并记入审计' }).click();
    await dialog.getByText('请选一个原因').waitFor();
    await checkAxe(page, 'why');
    await picture('reveal');
    await dialog.getByLabel('核对身份').check();
    await dialog.getByRole('button', { name: '显示并记入审计' }).click();
    await page.getByRole('heading', { name: '张伟民' }).waitFor();
    await page.getByText(kNumber).waitFor();
    assert.deepEqual(mock.revealed, [{ key: `Patient/${people.one.id}`, reason: 'verify-identity' }]);
    await page.getByRole('button', { name: '遮住' }).click();
    await page.getByRole('heading', { name: '张**', exact: true }).waitFor();
    nothingTold();
  });

  test('what a post may not read is said to be so, and a record that is not there too', async () => {
    await signIn(page, base, `${kDoor}patient?id=${people.one.id}`, 'cdc');
    await page.getByRole('region', { name: '优先关注' }).getByText('您的岗位看不到这一类').first().waitFor();
    await page.getByRole('region', { name: /过敏史/ }).getByText('您的岗位看不到这一类').waitFor();
    await checkAxe(page, 'a part of a record');
    await page.goto(`${base}${kDoor}patient?id=nobody`);
    await page.getByText('看不到这个人').waitFor();
    await page.goto(`${base}${kDoor}patient`);
    await page.getByText('先找到一个人').waitFor();
    await checkAxe(page, 'nobody chosen');
    mock.fail = (method, where) => (where.endsWith('/$everything') ? 503 : null);
    await page.goto(`${base}${kDoor}patient?id=${people.one.id}`);
    await page.getByText('服务器正忙').waitFor();
    mock.fail = null;
    await page.getByRole('button', { name: '再试一次' }).click();
    await page.getByRole('heading', { name: '张**', exact: true }).waitFor();
  });
});
