// Codes of health cards as the page reads and judges them without network: the same as apps/health-card/code.h and offline.h, and tests/vectors.json holds
// both to it.
import { joined, type VerifyingKey, verifies, verifyingKey, type Suite } from './curve';

const kPrefix = 'TK:';
const kEpochSeconds = 1_577_836_800;
const kDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const kTextMax = 256;
const utf8 = new TextEncoder();

export type Verdict =
  | 'valid' | 'malformed' | 'other-issuer' | 'unknown-key' | 'forged' | 'not-yet' | 'expired' | 'used-before'
  | 'lost' | 'replaced' | 'closed' | 'unknown-card' | 'not-allowed' | 'stale-list';

export interface Code {
  kind: 'static' | 'dynamic';
  key: number;
  issuer: number;
  card: Uint8Array;
  issuedS: number;
  endsS: number;
  body: Uint8Array;
  signature: Uint8Array;
}

export interface KnownKey {
  number: number;
  key: VerifyingKey;
  fromS: number;
  signsUntilS: number; // 0: no end is set
  revoked: boolean;
}

export function fromBase32(text: string): Uint8Array | null {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const c of text) {
    const digit = kDigits.indexOf(c);
    if (digit < 0) return null;
    held = ((held << 5) | digit) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push((held >> bits) & 255);
    }
  }
  return bits >= 5 || (held & ((1 << bits) - 1)) !== 0 ? null : new Uint8Array(out);
}

export function fromBase64Url(text: string): Uint8Array {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

/** Takes numbers, big-endian, from the front; `ok` becomes false when there are too few bytes. */
class Reader {
  ok = true;
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}
  take(count: number): Uint8Array {
    if (this.at + count > this.bytes.length) this.ok = false;
    const part = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return part;
  }
  number(count: number): number {
    return this.take(count).reduce((n, b) => n * 256 + b, 0);
  }
  /** LEB128 of at most 40 bits, in its shortest form. */
  varint(): number {
    let out = 0;
    for (let scale = 1; scale < 2 ** 42; scale *= 128) {
      const byte = this.number(1);
      out += (byte & 127) * scale;
      if (byte < 128) {
        if (byte === 0 && scale > 1) this.ok = false;
        return out;
      }
    }
    this.ok = false;
    return 0;
  }
  get left(): number {
    return this.bytes.length - this.at;
  }
}

/** null: no code of a health card. Blanks are passed over, either case is read. */
export function parseCode(text: string): Code | null {
  if (text.length > kTextMax) return null;
  const solid = text.replace(/[ \t\r\n]/g, '').replace(/[a-z]/g, (c) => c.toUpperCase());
  if (!solid.startsWith(kPrefix)) return null;
  const bytes = fromBase32(solid.slice(kPrefix.length));
  if (!bytes || bytes.length <= 64) return null;
  const body = bytes.slice(0, -64);
  const reader = new Reader(body);
  const head = reader.number(1);
  if (head >> 4 !== 1 || (head & 15) > 1) return null;
  const kind = (head & 15) === 0 ? 'static' : 'dynamic';
  const key = reader.number(2);
  const issuer = reader.number(3);
  const card = reader.take(12);
  const issuedS = kEpochSeconds + reader.number(4);
  const lifeS = kind === 'static' ? reader.number(2) * 86_400 : reader.number(1);
  if (kind === 'dynamic') reader.take(6);
  if (!reader.ok || reader.left !== 0 || lifeS === 0 || issuer > 999_999) return null;
  return { kind, key, issuer, card, issuedS, endsS: issuedS + lifeS, body, signature: bytes.slice(-64) };
}

export interface JudgeBy {
  issuer: number;
  nowS: number;
  skewS: number;
}

/** Issuer, key, signature, time, in this order. */
export function judge(code: Code, keys: KnownKey[], by: JudgeBy): Verdict {
  if (code.issuer !== by.issuer) return 'other-issuer';
  const key = keys.find((k) => k.number === code.key);
  if (!key || key.revoked) return 'unknown-key';
  if (!verifies(key.key, joined(utf8.encode('tongkang health card code 1|'), code.body), code.signature)) return 'forged';
  if (code.issuedS < key.fromS || (key.signsUntilS !== 0 && code.issuedS > key.signsUntilS)) return 'unknown-key';
  if (code.issuedS > by.nowS + by.skewS) return 'not-yet';
  return code.endsS + by.skewS < by.nowS ? 'expired' : 'valid';
}

export interface Revocations {
  issuer: number;
  issuedS: number;
  untilS: number;
  cards: Set<number>; // first five bytes
}

/** null: no list, or signed by no key that is known. */
export function openList(bytes: Uint8Array, keys: KnownKey[]): Revocations | null {
  if (bytes.length <= 64) return null;
  const body = bytes.slice(0, -64);
  const reader = new Reader(body);
  if (reader.number(1) !== 0x11) return null;
  const number = reader.number(2);
  const key = keys.find((k) => k.number === number);
  if (!key || key.revoked || !verifies(key.key, joined(utf8.encode('tongkang health card revocations 1|'), body), bytes.slice(-64))) return null;
  const issuer = reader.number(3);
  const issuedS = kEpochSeconds + reader.number(4);
  const untilS = kEpochSeconds + reader.number(4);
  const count = reader.number(4);
  if (!reader.ok || count > reader.left) return null;
  const cards = new Set<number>();
  let next = 0;
  for (let i = 0; i < count; i += 1) {
    const card = next + reader.varint();
    if (!reader.ok || card >= 2 ** 40) return null;
    cards.add(card);
    next = card + 1;
  }
  return reader.left === 0 ? { issuer, issuedS, untilS, cards } : null;
}

/** What the program hands to those who verify without network (POST /app/health-card/offline). */
export interface Bundle {
  issuer: string;
  skewSeconds: number;
  issued: string;
  until: string;
  cards: number;
  keys: { number: number; suite: Suite; from: number; signsUntil: number; revoked: boolean; public: string }[];
  list: string;
}

/** Keeps keys, list, and the dynamic codes that this device has taken. */
export class OfflineVerifier {
  private readonly seen = new Map<string, number>();
  private constructor(
    private readonly issuer: number,
    private readonly skewS: number,
    private readonly keys: KnownKey[],
    readonly list: Revocations,
  ) {}

  /** null if a key or the list is not what it says. */
  static open(bundle: Bundle): OfflineVerifier | null {
    const keys: KnownKey[] = [];
    for (const k of bundle.keys) {
      const key = verifyingKey(k.suite, fromBase64Url(k.public));
      if (!key) return null;
      keys.push({ number: k.number, key, fromS: k.from, signsUntilS: k.signsUntil, revoked: k.revoked });
    }
    const list = openList(fromBase64Url(bundle.list), keys);
    if (!list || list.issuer !== Number(bundle.issuer)) return null;
    return new OfflineVerifier(list.issuer, bundle.skewSeconds, keys, list);
  }

  /** `byStatic`: a printed code is enough for the purpose. */
  check(text: string, byStatic: boolean, nowS: number): Verdict {
    if (nowS > this.list.untilS) return 'stale-list';
    const code = parseCode(text);
    if (!code) return 'malformed';
    const verdict = judge(code, this.keys, { issuer: this.issuer, nowS, skewS: this.skewS });
    if (verdict !== 'valid') return verdict;
    if (this.list.cards.has(code.card.subarray(0, 5).reduce((n, b) => n * 256 + b, 0))) return 'closed';
    if (code.kind === 'static') return byStatic ? 'valid' : 'not-allowed';
    for (const [body, until] of this.seen) if (until < nowS) this.seen.delete(body);
    const body = code.body.join();
    if (this.seen.has(body)) return 'used-before';
    this.seen.set(body, code.endsS + this.skewS);
    return 'valid';
  }
}
