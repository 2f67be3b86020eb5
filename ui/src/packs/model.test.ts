import { expect, test } from 'vitest';
import { withoutList } from './ask';
import { byDay, causeOf, clausesOf, deedsOf, limitsOf, titleOf } from './model';

test('a condition is cut where all its parts must hold, and nowhere else', () => {
  expect(clausesOf("state = 'active' and onHand < minimum")).toEqual(["state = 'active'", 'onHand < minimum']);
  expect(clausesOf("(status in ('final' | 'amended')) and code.where(a = 'x and y' and b).exists()")).toEqual(["status in ('final' | 'amended')", "code.where(a = 'x and y' and b).exists()"]);
  expect(clausesOf('(a) and (b)')).toEqual(['a', 'b']);
  expect(clausesOf('(a) or (b and c)')).toEqual(['(a) or (b and c)']);
  expect(clausesOf("name = 'it\\'s and' and b")).toEqual(["name = 'it\\'s and'", 'b']);
});

test('a limit has the value of the setting that it names', () => {
  const constants = { limit: { setting: 'hours', unit: 'hours' }, own: { value: 36.9 }, plain: 3, lost: { setting: 'none' } };
  expect(limitsOf({ constants }, { hours: 24 })).toEqual([
    { name: 'limit', value: '24', unit: 'hours', setting: 'hours' }, { name: 'own', value: '36.9', unit: '', setting: '' }, { name: 'plain', value: '3', unit: '', setting: '' }, { name: 'lost', value: '', unit: '', setting: 'none' },
  ]);
});

test('what a rule does, deed by deed', () => {
  const deeds = deedsOf({ do: [
    { create: { resourceType: 'Flag', status: 'active', subject: '=subject' }, when: 'onHand < 3' },
    { update: { type: 'Task', target: '=alert', set: { 'restriction.period.end': '=now() + %limit', 'note[0].text': 'x' } } },
    { transition: { type: 'Task', target: '=basedOn', code: 'finish' }, each: 'item' },
    { notify: { to: [{ post: 'doctor' }, '=owner'], title: { en: 'T' } } },
    { odd: { a: 1 } },
  ] });
  expect(deeds.map(({ verb, what, when }) => [verb, what, when])).toEqual([['create', 'Flag', 'onHand < 3'], ['update', 'Task', ''], ['transition', 'Task', ''], ['notify', 'doctor, =owner', ''], ['other', '', '']]);
  expect(deeds[0]?.lines).toEqual([{ path: 'status', text: 'active', computed: false }, { path: 'subject', text: 'subject', computed: true }]);
  expect(deeds[1]?.lines).toEqual([{ path: 'target', text: 'alert', computed: true }, { path: 'restriction.period.end', text: 'now() + %limit', computed: true }, { path: 'note[0].text', text: 'x', computed: false }]);
  expect(deeds[2]?.lines.at(-1)).toEqual({ path: 'each', text: 'item', computed: false });
  expect(deeds[4]?.lines).toEqual([{ path: 'odd.a', text: '1', computed: false }]);
});

test('findings by day, with the days between; a cause leads to its version', () => {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  expect(byDay([{ at: '2026-11-20T09:00:00Z', cause: '' }, { at: '2026-11-18T23:00:00Z', cause: '' }, { at: '2026-11-18T01:00:00Z', cause: '' }], day)).toEqual([{ day: '2026-11-18', count: 2 }, { day: '2026-11-19', count: 0 }, { day: '2026-11-20', count: 1 }]);
  expect(byDay([], day)).toEqual([]);
  expect(causeOf('Observation/a-1/_history/2')).toEqual({ type: 'Observation', id: 'a-1', version: '2' });
  expect(causeOf('Observation/a-1')).toBeNull();
});

test('a page without its list; a title in the language, else in one that is there', () => {
  expect(withoutList('/app/a/rules/b/try?from=x&_count=50&_page=1-2')).toBe('/app/a/rules/b/try?from=x&_count=0&_page=1-2');
  expect([titleOf({ 'zh-CN': '甲', en: 'A' }, 'en', 'x'), titleOf({ 'zh-CN': '甲' }, 'en', 'x'), titleOf('short', 'en', 'x'), titleOf(undefined, 'en', 'x')]).toEqual(['A', '甲', 'short', 'x']);
});
