import { notCounting } from '@exeat/core/enrolment'
import { describe, expect, test } from 'vitest'
import { after, day, device, enrolEnvelope, local, register, root, t0, tap } from './support.ts'

const [ann, ben, eve] = ['ann', 'ben', 'eve'].map(local) as [ReturnType<typeof local>, ReturnType<typeof local>, ReturnType<typeof local>]

/** Ann founded with the root key `ann` and has a key that counts, entry 0. */
function founded() {
  const roots = [root('ann'), root('ben')] as const
  const log = register(roots)
  const annDevice = device()
  const annKey = log.add(ann, annDevice.credential, t0)
  log.vouchByRoot(roots[0], ann, log.digestOf(ann, annDevice), t0)
  return { roots, log, annDevice, annKey }
}

const counts = (log: ReturnType<typeof register>, index: number, at: number) => {
  const key = log.ledger().key(index)
  if (key === undefined) throw new Error(`no key ${index}`)
  return notCounting(key, at as typeof t0) ?? 'counts'
}

describe('keys that count', () => {
  test('a founder\'s at once, and nobody else\'s before a day after a vouch', () => {
    const { log, annDevice, annKey, roots } = founded()
    expect(counts(log, annKey, t0)).toBe('counts')
    const benDevice = device()
    const benKey = log.add(ben, benDevice.credential, after(1000))
    expect(counts(log, benKey, after(9 * day))).toBe('not-vouched')
    log.vouchByTap(ann, annDevice, annKey, ben, log.digestOf(ben, benDevice), after(2000))
    expect(counts(log, benKey, after(2000 + day - 1))).toBe('too-new')
    expect(counts(log, benKey, after(2000 + day))).toBe('counts')
    expect(log.ledger().key(benKey)?.vouches).toEqual([{ by: ann, root: false, groups: [], at: after(2000) }])
    // A founder may found for one person alone: for the next the root key vouches as anybody does.
    const eveDevice = device()
    const eveKey = log.add(eve, eveDevice.credential, after(3000))
    log.vouchByRoot(roots[0], eve, log.digestOf(eve, eveDevice), after(4000))
    expect(counts(log, eveKey, after(4000))).toBe('too-new')
    expect(counts(log, eveKey, after(4000 + day))).toBe('counts')
  })

  test('attack-04: one person does not found twice by two root keys, nor two by one', () => {
    const { log, roots } = founded()
    const second = device()
    const key = log.add(ann, second.credential, after(1000))
    log.vouchByRoot(roots[1], ann, log.digestOf(ann, second), after(1000))
    expect(counts(log, key, after(1000))).toBe('too-new')
    const other = device()
    const benKey = log.add(ben, other.credential, after(2000))
    log.vouchByRoot(roots[1], ben, log.digestOf(ben, other), after(2000))
    expect(counts(log, benKey, after(2000))).toBe('counts')
  })

  test('attack-03: nobody vouches for himself, with whatever key', () => {
    const { log, annDevice, annKey } = founded()
    const second = device()
    const key = log.add(ann, second.credential, after(1000))
    log.vouchByTap(ann, annDevice, annKey, ann, log.digestOf(ann, second), after(2000))
    expect(counts(log, key, after(9 * day))).toBe('not-vouched')
  })

  test('attack-04: where somebody governs, their quorum vouches: of its groups, and distinct people; a root key speaks for all of them', () => {
    const roots = [root('ann'), root('ben')] as const
    const log = register(roots, [{ groups: ['governance'], count: 2 }])
    const [annDevice, benDevice, eveDevice] = [device(), device(), device()]
    const [annKey, benKey] = ([[ann, annDevice, roots[0]], [ben, benDevice, roots[1]]] as const).map(([person, { credential }, signer]) => {
      const key = log.add(person, credential, t0)
      log.vouchByRoot(signer, person, log.digestOf(person, { credential } as typeof annDevice), t0)
      return key
    }) as [number, number]
    const eveKey = log.add(eve, eveDevice.credential, after(1000))
    const vouch = (by: typeof ann, with_: typeof annDevice, key: number, at: number, groups?: readonly string[]): void => { log.vouchByTap(by, with_, key, eve, log.digestOf(eve, eveDevice), after(at), groups) }
    for (const groups of [['governance'], ['governance', 'security']]) vouch(ann, annDevice, annKey, 2000, groups)
    expect(counts(log, eveKey, after(9 * day))).toBe('not-vouched')
    for (const groups of [undefined, [], ['security'], ['__proto__']]) vouch(ben, benDevice, benKey, 3000, groups)
    expect(counts(log, eveKey, after(9 * day))).toBe('not-vouched')
    vouch(ben, benDevice, benKey, 4000, ['governance'])
    expect(counts(log, eveKey, after(4000 + day - 1))).toBe('too-new')
    expect(counts(log, eveKey, after(4000 + day))).toBe('counts')
    const third = device()
    const thirdKey = log.add(eve, third.credential, after(5000))
    log.vouchByRoot(roots[0], eve, log.digestOf(eve, third), after(5000))
    expect(counts(log, thirdKey, after(5000 + day))).toBe('counts')
  })

  test('a further key of one\'s own counts after a day where an earlier one that counts says so', () => {
    const { log, annDevice, annKey } = founded()
    const second = device()
    const said = enrolEnvelope(ann, log.digestOf(ann, second), after(1000))
    const key = log.add(ann, second.credential, after(1000), { envelope: said, evidence: tap(annDevice, annKey, said) })
    expect(counts(log, key, after(1000 + day - 1))).toBe('too-new')
    expect(counts(log, key, after(1000 + day))).toBe('counts')
    const stranger = device()
    const forged = enrolEnvelope(ann, log.digestOf(ann, stranger), after(2000))
    const third = log.add(ann, stranger.credential, after(2000), { envelope: forged, evidence: tap(annDevice, annKey, forged, { otherKey: true }) })
    expect(counts(log, third, after(9 * day))).toBe('not-vouched')
  })

  test('attack-25: a removal bites at once, and nothing brings a key back', () => {
    const { log, annKey, annDevice, roots } = founded()
    const about = log.digestOf(ann, annDevice)
    log.remove(ann, about, after(5000))
    expect(counts(log, annKey, t0)).toBe('removed')
    log.vouchByRoot(roots[0], ann, about, after(6000))
    expect(counts(log, annKey, after(9 * day))).toBe('removed')
  })

  test('a vouch by a key that does not count, was removed, is of another credential, workspace or purpose, or is forged counts for nothing', () => {
    const { log, annDevice, annKey, roots } = founded()
    const benDevice = device()
    const benKey = log.add(ben, benDevice.credential, after(1000))
    const about = log.digestOf(ben, benDevice)
    const eveDevice = device()
    const eveKey = log.add(eve, eveDevice.credential, after(1000))
    log.vouchByTap(eve, eveDevice, eveKey, ben, about, after(2000))
    // Eve says that it was ann.
    log.vouchByTap(ann, eveDevice, annKey, ben, about, after(2000))
    log.vouchByTap(ann, eveDevice, eveKey, ben, about, after(2000))
    log.vouchByRoot(root('ann'), ben, about, after(2000))
    log.vouchByRoot(root('mallory'), ben, about, after(2000))
    for (const more of [{ workspace: 'other' }, { purpose: 'govern' as const }, { about: log.digestOf(eve, eveDevice) }, { actor: ann }]) log.vouchByRoot(roots[1], ben, about, after(2000), more)
    log.vouchByRoot(roots[1], ben, about, after(900_000), { at: after(2000) })
    log.vouchByRoot(roots[1], ben, about, after(2000), { at: after(100_000) })
    // Said of another person: the digest is of ben's.
    log.vouchByRoot(roots[1], eve, about, after(2000))
    expect(counts(log, benKey, after(9 * day))).toBe('not-vouched')
    log.vouchByTap(ann, annDevice, annKey, ben, about, after(3000))
    expect(counts(log, benKey, after(9 * day))).toBe('counts')
  })

  test('an issuer\'s key counts from its entry on, and is nobody\'s', () => {
    const { log } = founded()
    const credential = { kind: 'issuer-key', iss: 'https://id.acme.example', kid: 'k', alg: 'RS256', publicKey: 'AAAA' } as const
    const key = log.add(undefined, credential, after(1000))
    expect(counts(log, key, after(999))).toBe('too-new')
    expect(counts(log, key, after(1000))).toBe('counts')
    // Smuggled in as a person's it counts for nothing.
    expect(counts(log, log.add(ann, credential, after(2000)), after(9 * day))).toBe('not-vouched')
  })
})
