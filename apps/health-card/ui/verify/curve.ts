// Signatures without the browser's crypto: a page served over plain HTTP has none, and no browser has SM2. Verifying only: nothing here is secret.
// Source: SEC 2 (P-256), GB/T 32918.5-2017 (the curve of SM2); ECDSA by FIPS 186-5 section 6.4, SM2 by GB/T 32918.2-2016 section 7.1.
// Cost: about 10 ms a signature on a desk, 50 on a cheap phone.
import { sha256, sm3 } from './digest';

export type Suite = 'international' | 'national';

interface Curve {
  p: bigint;
  a: bigint;
  b: bigint;
  n: bigint;
  g: Affine;
}
interface Affine {
  x: bigint;
  y: bigint;
}
/** Jacobian; z = 0 is the point at infinity. */
interface Point extends Affine {
  z: bigint;
}

const kCurves: Record<Suite, Curve> = {
  international: {
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    a: 0xffffffff00000001000000000000000000000000fffffffffffffffffffffffcn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    g: { x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n, y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n },
  },
  national: {
    p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
    a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
    b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
    n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
    g: { x: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n, y: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n },
  },
};
const kSm2UserId = new TextEncoder().encode('1234567812345678');

const mod = (value: bigint, by: bigint): bigint => {
  const rest = value % by;
  return rest < 0n ? rest + by : rest;
};

function inverse(value: bigint, by: bigint): bigint {
  let [r0, r1, s0, s1] = [by, mod(value, by), 0n, 1n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1] = [r1, r0 - q * r1];
    [s0, s1] = [s1, s0 - q * s1];
  }
  return mod(s0, by);
}

function double(c: Curve, q: Point): Point {
  if (q.z === 0n || q.y === 0n) return { x: 1n, y: 1n, z: 0n };
  const yy = mod(q.y * q.y, c.p);
  const s = mod(4n * q.x * yy, c.p);
  const zz = mod(q.z * q.z, c.p);
  const m = mod(3n * q.x * q.x + c.a * zz * zz, c.p);
  const x = mod(m * m - 2n * s, c.p);
  return { x, y: mod(m * (s - x) - 8n * yy * yy, c.p), z: mod(2n * q.y * q.z, c.p) };
}

function add(c: Curve, q: Point, r: Point): Point {
  if (q.z === 0n) return r;
  if (r.z === 0n) return q;
  const qz = mod(q.z * q.z, c.p);
  const rz = mod(r.z * r.z, c.p);
  const u1 = mod(q.x * rz, c.p);
  const u2 = mod(r.x * qz, c.p);
  const s1 = mod(q.y * rz * r.z, c.p);
  const s2 = mod(r.y * qz * q.z, c.p);
  if (u1 === u2) return s1 === s2 ? double(c, q) : { x: 1n, y: 1n, z: 0n };
  const h = mod(u2 - u1, c.p);
  const hh = mod(h * h, c.p);
  const v = mod(u1 * hh, c.p);
  const t = mod(s2 - s1, c.p);
  const hhh = mod(h * hh, c.p);
  const x = mod(t * t - hhh - 2n * v, c.p);
  return { x, y: mod(t * (v - x) - s1 * hhh, c.p), z: mod(h * q.z * r.z, c.p) };
}

/** u·G + v·Q, its x; null at infinity. */
function sumX(c: Curve, u: bigint, v: bigint, q: Affine): bigint | null {
  const g: Point = { ...c.g, z: 1n };
  const other: Point = { ...q, z: 1n };
  const both = add(c, g, other);
  let out: Point = { x: 1n, y: 1n, z: 0n };
  for (let bit = 255n; bit >= 0n; bit -= 1n) {
    out = double(c, out);
    const one = (u >> bit) & 1n;
    const two = (v >> bit) & 1n;
    if (one && two) out = add(c, out, both);
    else if (one) out = add(c, out, g);
    else if (two) out = add(c, out, other);
  }
  if (out.z === 0n) return null;
  const z = inverse(out.z, c.p);
  return mod(out.x * z * z, c.p);
}

function numberOf(bytes: Uint8Array): bigint {
  let out = 0n;
  for (const b of bytes) out = (out << 8n) | BigInt(b);
  return out;
}

function bytesOf(value: bigint): Uint8Array {
  const out = new Uint8Array(32);
  for (let i = 31; i >= 0; i -= 1) {
    out[i] = Number(value & 255n);
    value >>= 8n;
  }
  return out;
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** What SM2 hashes before the message: who signs, and on which curve. */
function sm2Prefix(c: Curve, q: Affine): Uint8Array {
  const bits = kSm2UserId.length * 8;
  return sm3(joined(new Uint8Array([bits >> 8, bits & 255]), kSm2UserId, ...[c.a, c.b, c.g.x, c.g.y, q.x, q.y].map(bytesOf)));
}

export interface VerifyingKey {
  suite: Suite;
  point: Affine;
}

/** null if the 65 bytes are no point of the curve. */
export function verifyingKey(suite: Suite, bytes: Uint8Array): VerifyingKey | null {
  const c = kCurves[suite];
  if (!c || bytes.length !== 65 || bytes[0] !== 4) return null;
  const point = { x: numberOf(bytes.subarray(1, 33)), y: numberOf(bytes.subarray(33)) };
  const onCurve = point.x < c.p && point.y < c.p && mod(point.y * point.y - point.x * point.x * point.x - c.a * point.x - c.b, c.p) === 0n;
  return onCurve ? { suite, point } : null;
}

/** `signature`: r and s, 32 bytes each. */
export function verifies(key: VerifyingKey, message: Uint8Array, signature: Uint8Array): boolean {
  const c = kCurves[key.suite];
  const r = numberOf(signature.subarray(0, 32));
  const s = numberOf(signature.subarray(32));
  if (signature.length !== 64 || r < 1n || s < 1n || r >= c.n || s >= c.n) return false;
  if (key.suite === 'national') {
    const t = mod(r + s, c.n);
    if (t === 0n) return false;
    const e = numberOf(sm3(joined(sm2Prefix(c, key.point), message)));
    const x = sumX(c, s, t, key.point);
    return x !== null && mod(e + x, c.n) === r;
  }
  const e = numberOf(sha256(message));
  const w = inverse(s, c.n);
  const x = sumX(c, mod(e * w, c.n), mod(r * w, c.n), key.point);
  return x !== null && mod(x, c.n) === r;
}
