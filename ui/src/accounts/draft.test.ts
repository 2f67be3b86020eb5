import { describe, expect, test } from 'vitest';
import { addition, changes, draftOf, kFresh, wrongIn } from './draft';
import { type Kept, lockedFor } from './keep';

const kLi: Kept = {
  name: 'li', display: '李医生', kind: 'person', post: 'doctor', area: '380102', record: 'Practitioner/li', disabled: false, password: true,
  must_change: false, app: true, phone: true, sms_factor: true, secret: false, keys: false,
};

describe('what is sent', () => {
  test('of a new person: what was filled in, and nothing of programs', () => {
    expect(addition({ ...kFresh, name: 'wu', post: 'doctor', area: '380102', phone: '19900001234', scopes: 'openid', jwks: '{}' })).toEqual({
      name: 'wu', kind: 'person', display: 'wu', post: 'doctor', area: '380102', phone: '19900001234',
    });
  });

  test('of a new program: its addresses one by one, whether it can keep a secret', () => {
    const asked = addition({ ...kFresh, kind: 'program', name: 'app', scopes: 'openid', redirects: ' https://a.example/b\n\nhttps://c.example/d ', isPublic: true, record: 'Patient/x', phone: '1' });
    expect(asked).toEqual({
      name: 'app', kind: 'program', display: 'app', scopes: 'openid', redirects: ['https://a.example/b', 'https://c.example/d'], id_token_signed_response_alg: 'RS256', public: true,
    });
  });

  test('of a change: only what changed; of nothing, nothing', () => {
    const before = draftOf(kLi);
    expect(changes(before, before)).toBeNull();
    expect(changes(before, { ...before, post: 'screener', smsFactor: false })).toEqual({ post: 'screener', sms_factor: false });
    expect(changes(before, { ...before, area: '' })).toEqual({ area: '' });
    expect(changes(before, { ...before, noPhone: true, phone: '19900001234' })).toEqual({ phone: '' });
  });
});

test('what is plainly wrong is told at its field', () => {
  expect(wrongIn({ ...kFresh, name: 'wu', post: 'doctor' })).toEqual({});
  expect(Object.keys(wrongIn({ ...kFresh, name: 'Wu Li', area: '38010', organization: 'h1', record: 'Patient/x', phone: '12' })).sort()).toEqual(['area', 'name', 'organization', 'phone', 'post', 'record']);
  expect(wrongIn({ ...kFresh, kind: 'resident', name: 'a', post: 'resident' })).toEqual({ record: 'wrong.recordOfResident' });
  expect(wrongIn({ ...kFresh, kind: 'program', name: 'a' })).toEqual({});
});

test('one\'s own account, and that of an administrator, are changed by others', () => {
  expect(lockedFor({ account: 'li', post: 'security-officer' }, kLi)).toBe('own');
  expect(lockedFor({ account: 'sec', post: 'security-officer' }, kLi)).toBeNull();
  expect(lockedFor({ account: 'sec', post: 'security-officer' }, { ...kLi, post: 'admin' })).toBe('admin');
  expect(lockedFor({ account: 'root', post: 'admin' }, { ...kLi, post: 'admin' })).toBeNull();
});
