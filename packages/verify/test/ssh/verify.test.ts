import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { armour, flag, mpint, sshKey, type SshKeyType, sshString, touchedAndVerified, uint32, unarmour } from '../../../testkit/src/ssh-authenticator.ts'
import { keyFingerprint, parsePublicKey, readPublicKey } from '../../src/ssh/index.ts'
import { accepted, judge, message, namespace, sshDeps } from './support.ts'

const types: readonly SshKeyType[] = ['sk-ed25519', 'sk-p256', 'ed25519', 'p256', 'rsa']
const keys = new Map(types.map((type) => [type, sshKey(type)]))
const keyOf = (type: SshKeyType) => keys.get(type) ?? sshKey(type)

describe.each(types)('a signature by %s', (type) => {
  const key = keyOf(type)

  test.each(['sha256', 'sha512'])('verifies over %s, armoured and raw', (hash) => {
    for (const given of [key.sign(message, { namespace, hash }), key.raw(message, { namespace, hash })]) {
      const answer = accepted(given, { key })
      expect(answer.key.blob).toEqual(new Uint8Array(key.blob))
      expect(answer.kind).toBe(type.startsWith('sk-') ? 'sk' : 'software')
    }
  })

  test('is refused for another namespace, key or message', () => {
    const signed = key.sign(message, { namespace })
    expect(judge(signed, { namespace: 'git' })).toBe('SSH_NAMESPACE')
    expect(judge(key.sign(message, { namespace: 'exeat-act@v1x' }))).toBe('SSH_NAMESPACE')
    expect(judge(signed, { key: sshKey('ed25519') })).toBe('SSH_OTHER_KEY')
    expect(judge(signed, {}, Buffer.from('something else'))).toBe('SSH_SIGNATURE')
    expect(judge(key.sign(message, { namespace, claimed: sshKey(type).blob }))).toBe('SSH_SIGNATURE')
  })

  test('is refused cut off anywhere, and with anything behind it', () => {
    const raw = key.raw(message, { namespace })
    for (let length = 0; length < raw.length; length++) expect(['SSH_MALFORMED', 'SSH_ALGORITHM'], `${length} bytes`).toContain(judge(raw.subarray(0, length)))
    expect(judge(Buffer.concat([raw, Buffer.from([0])]))).toBe('SSH_MALFORMED')
    expect(judge(armour(Buffer.concat([raw, raw])))).toBe('SSH_MALFORMED')
  })

  test('is refused with a byte too many inside, or one too few', () => {
    const one = Buffer.from([0])
    const parts = (inner: Buffer): readonly [Buffer, Buffer, Buffer] => {
      const name = 4 + inner.readUInt32BE(0)
      const end = name + 4 + inner.readUInt32BE(name)
      return [inner.subarray(0, name), inner.subarray(name + 4, end), inner.subarray(end)]
    }
    const rewrites: readonly ((inner: Buffer) => Buffer)[] = [
      (inner) => Buffer.concat([inner, one]), (inner) => inner.subarray(0, -1),
      ...[(value: Buffer) => Buffer.concat([value, one]), (value: Buffer) => Buffer.concat([one, value]), (value: Buffer) => value.subarray(0, -1), () => Buffer.alloc(0)]
        .map((change) => (inner: Buffer) => {
          const [name, value, rest] = parts(inner)
          return Buffer.concat([name, sshString(change(value)), rest])
        }),
    ]
    for (const rewrite of rewrites) expect(judge(key.raw(message, { namespace, rewrite }))).toBe('SSH_MALFORMED')
    expect(typeof judge(key.raw(message, { namespace, rewrite: (inner) => Buffer.concat(parts(inner).map((each, index) => (index === 1 ? sshString(each) : each))) }))).toBe('object')
  })

  test('is for a namespace of 1 to 200 characters', () => {
    const longest = 'n'.repeat(200)
    expect(typeof judge(key.raw(message, { namespace: longest }), { namespace: longest })).toBe('object')
    for (const other of ['', `${longest}n`, 'a b', 'é']) expect(judge(key.raw(message, { namespace: other }), { namespace: other })).toBe('SSH_MALFORMED')
  })

  test('is refused with any byte changed', () => {
    const raw = key.raw(message, { namespace })
    fc.assert(fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const other = Uint8Array.from(raw)
      other[at] = (other[at] ?? 0) ^ change
      expect(typeof judge(other), `byte ${at} changed by ${change}`).toBe('string')
    }), { numRuns: 400, examples: Array.from({ length: raw.length }, (_, at): [number, number] => [at, 1]) })
  })

  test('over SHA-1 or an unknown hash is refused, whoever made it', () => {
    for (const hash of ['sha1', 'md5', '', 'SHA256', 'sha384']) expect(judge(key.raw(message, { namespace, hash }))).toBe('SSH_ALGORITHM')
  })

  test('of another version, or with a reserved part, is refused', () => {
    for (const version of [0, 2, 0xffffffff]) expect(judge(key.raw(message, { namespace, version }))).toBe('SSH_ALGORITHM')
    expect(judge(key.raw(message, { namespace, reserved: 'x' }))).toBe('SSH_ALGORITHM')
  })
})

describe('an authenticator', () => {
  test.each([
    [touchedAndVerified, true, true, false], [flag.present, true, false, false], [flag.verified, false, true, false], [0, false, false, false],
    [touchedAndVerified | flag.backupEligible | flag.backedUp, true, true, true],
  ])('with the flags %i is answered as it signed: present %s, verified %s, backup %s', (flags, userPresent, userVerified, backupEligible) => {
    for (const type of ['sk-ed25519', 'sk-p256'] as const) {
      expect(accepted(keyOf(type).sign(message, { namespace, flags }))).toMatchObject({ kind: 'sk', userPresent, userVerified, backupEligible, application: 'ssh:' })
    }
  })

  test('counts', () => {
    const key = sshKey('sk-ed25519')
    const [first, second] = [1, 2].map(() => accepted(key.sign(message, { namespace })).counter)
    expect([first, second]).toEqual([1, 2])
  })

  test('does not let its flags or counter be raised afterwards', () => {
    for (const type of ['sk-ed25519', 'sk-p256'] as const) {
      const raw = keyOf(type).raw(message, { namespace, flags: flag.present })
      const flags = Buffer.from(raw)
      flags[raw.length - 5] = touchedAndVerified
      expect(judge(flags)).toBe('SSH_SIGNATURE')
      const counter = Buffer.from(raw)
      counter[raw.length - 1] = 0xff
      expect(judge(counter)).toBe('SSH_SIGNATURE')
    }
  })

  test.each(['https://acme.example', 'acme.example', '', 'ssh', 'SSH:', 'ssh: x'])('of a key for `%s` is none for SSH', (application) => {
    expect(['SSH_ALGORITHM', 'SSH_MALFORMED']).toContain(judge(sshKey('sk-p256', { application }).raw(message, { namespace })))
  })

  test('is not claimed by a software key', () => {
    const software = keyOf('ed25519')
    const sk = keyOf('sk-ed25519')
    expect(judge(software.raw(message, { namespace, claimed: sk.blob }))).toBe('SSH_ALGORITHM')
    expect(judge(sk.raw(message, { namespace, claimed: software.blob }))).toBe('SSH_ALGORITHM')
  })
})

describe('algorithms', () => {
  const blobOf = (...parts: readonly (string | Uint8Array)[]) => Buffer.concat(parts.map(sshString))
  const codeOf = (blob: Uint8Array) => {
    const answer = readPublicKey(blob)
    return answer.ok ? 'accepted' : answer.problem.code
  }

  test('DSA, other curves, certificates and unknown types are refused', () => {
    for (const type of ['ssh-dss', 'ecdsa-sha2-nistp384', 'ssh-ed448', 'ssh-ed25519-cert-v01@openssh.com', 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com', '__proto__', '']) {
      expect(codeOf(blobOf(type, Buffer.alloc(32))), type).toBe('SSH_ALGORITHM')
    }
    expect(codeOf(blobOf('ecdsa-sha2-nistp256', 'nistp384', Buffer.alloc(65, 4)))).toBe('SSH_MALFORMED')
  })

  test('RSA by SHA-1, too short, or with a number that no RSA key has, is refused', () => {
    const rsa = keyOf('rsa')
    expect(judge(rsa.raw(message, { namespace, algorithm: 'ssh-rsa' }))).toBe('SSH_ALGORITHM')
    expect(typeof judge(rsa.raw(message, { namespace, algorithm: 'rsa-sha2-256' }))).toBe('object')
    expect(judge(sshKey('rsa', { bits: 1024 }).raw(message, { namespace }))).toBe('SSH_ALGORITHM')
    const number = (length: number, last: number): Buffer => Buffer.concat([Buffer.alloc(length - 1, 0xc3), Buffer.from([last])])
    const rsaBlob = (e: Uint8Array, n: Uint8Array): Buffer => Buffer.concat([sshString('ssh-rsa'), mpint(e), mpint(n)])
    for (const e of [[3], [1, 0, 1], [0x81, 0, 0, 1]]) expect(codeOf(rsaBlob(Uint8Array.from(e), number(256, 1)))).toBe('accepted')
    for (const [e, n] of [[[1], number(256, 1)], [[4], number(256, 1)], [[1, 0, 1], number(256, 2)], [[1, 0, 1], number(1040, 1)], [[3, 0, 0, 0, 1], number(256, 1)]] as const) {
      expect(codeOf(rsaBlob(Uint8Array.from(e), n))).toBe('SSH_ALGORITHM')
    }
  })

  test('numbers that are negative or have needless zeroes are refused', () => {
    const key = sshKey('rsa')
    const negative = Buffer.concat([sshString('ssh-rsa'), sshString(Buffer.from([1, 0, 1])), sshString(Buffer.alloc(256, 0xff))])
    const padded = Buffer.concat([sshString('ssh-rsa'), sshString(Buffer.from([0, 1, 0, 1])), key.blob.subarray(4 + 7 + 4 + 3)])
    const barely = Buffer.concat([sshString('ssh-rsa'), sshString(Buffer.from([1, 0, 1])), sshString(Buffer.concat([Buffer.from([0x80]), Buffer.alloc(255, 0xff)]))])
    const zero = Buffer.concat([sshString('ssh-rsa'), sshString(Buffer.from([0])), sshString(Buffer.concat([Buffer.from([0]), Buffer.alloc(256, 0xff)]))])
    expect([negative, padded, barely, zero].map(codeOf)).toEqual(Array.from({ length: 4 }, () => 'SSH_MALFORMED'))
  })

  test('a point that is on no curve verifies nothing', () => {
    const point = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)])
    const claimed = blobOf('ecdsa-sha2-nistp256', 'nistp256', point)
    expect(codeOf(claimed)).toBe('accepted')
    expect(judge(keyOf('p256').raw(message, { namespace, claimed }))).toBe('SSH_SIGNATURE')
  })

  test('huge lengths are refused without being believed', () => {
    const { blob } = keyOf('ed25519')
    const begun = Buffer.concat([Buffer.from('SSHSIG'), uint32(1)])
    for (const length of [0x7fffffff, 0x80000000, 0xffffffff]) {
      expect(judge(Buffer.concat([begun, uint32(length), blob]))).toBe('SSH_MALFORMED')
      expect(codeOf(Buffer.concat([uint32(length), blob]))).toBe('SSH_MALFORMED')
    }
    expect(judge(Buffer.alloc(100_000, 65))).toBe('SSH_MALFORMED')
    expect(codeOf(Buffer.alloc(100_000))).toBe('SSH_MALFORMED')
  })
})

describe('the armour', () => {
  const text = keyOf('sk-ed25519').sign(message, { namespace })

  test('stands with either line end, with or without the last', () => {
    for (const given of [text, text.trimEnd(), text.replaceAll('\n', '\r\n')]) expect(typeof judge(given)).toBe('object')
  })

  test.each([
    ['nothing', ''], ['no end', text.replace(/-----END.*\n/, '')], ['no beginning', text.replace(/-----BEGIN.*\n/, '')], ['something before it', `x\n${text}`],
    ['something behind it', `${text}x\n`], ['a second one', `${text}${text}`], ['an empty line', text.replace('-----\n', '-----\n\n')], ['a header', text.replace('-----\n', '-----\nHash: SHA1\n')],
    ['a space', text.replace('\nU1', '\n U1')], ['another armour', text.replaceAll('SSH SIGNATURE', 'PGP SIGNATURE')], ['no content', '-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n'],
    ['lines of other lengths', text.replace(/(.{70})\n/, (_, line: string) => `${line.slice(0, 30)}\n${line.slice(30)}\n`)],
  ])('with %s is refused', (_, given) => { expect(judge(given)).toBe('SSH_MALFORMED') })

  test('any text at all is answered, never thrown at', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => typeof judge(bytes) === 'string' && typeof judge(armour(bytes)) === 'string'))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => typeof judge(Buffer.concat([unarmour(text).subarray(0, 60), bytes])) === 'string'))
  })
})

test('a key is what its line says, and is shown as ssh-keygen shows it', () => {
  const key = keyOf('sk-p256')
  const [type = '', base64 = ''] = key.line.split(' ')
  expect(parsePublicKey(type, base64)).toMatchObject({ ok: true })
  for (const [name, text] of [['ssh-ed25519', base64], [type, `${base64}=`], [type, 'A'.repeat(9000)], [type, '']] as const) {
    expect(parsePublicKey(name, text)).toMatchObject({ ok: false, problem: { code: 'SSH_MALFORMED' } })
  }
  expect(keyFingerprint(key, sshDeps.sha256)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
})
