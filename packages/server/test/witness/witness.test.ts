/** What a witness signs, what it refuses, and that it never signs two heads of which one does not extend the other. */
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { openNote, parseCheckpoint, verifyConsistency } from '@exeat/log'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { createWitness, createWitnessState, openWitnessState, parseAddCheckpoint, sha256, verifySignature } from '../../src/witness/index.ts'
import { run } from '../sqlite-kind.ts'
import {
  bodyOf, consistency, growth, leaves, logKey, origin, publicPart, signedHead, testWitness, watching, witnessKey, witnessOptions, type TestWitness,
} from './kit.ts'

let tested: TestWitness
beforeEach(() => { tested = testWitness() })
afterEach(() => { tested.end() })

const held = (): number | undefined => tested.state.read(origin)?.size

describe('what it signs', () => {
  test('a first head, then each that extends it: cosignature/v1 over the very checkpoint', () => {
    for (const [from, to] of [[0, 3], [3, 3], [3, 4], [4, 700], [700, 701]] as const) {
      const body = growth(from, to)
      const answer = tested.add(body)
      expect(answer).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8' })
      const checkpoint = signedHead(leaves(to))
      const note = must(openNote(Buffer.concat([checkpoint, Buffer.from(answer.body)]), [publicPart(witnessKey())], verifySignature))
      expect(note.verified).toMatchObject([{ key: { name: 'witness.example/w', type: 'cosignature/v1' }, time: 1_800_000_000 }])
      expect(answer.body.split('\n')).toHaveLength(2)
      expect(held()).toBe(to)
    }
  })

  test('the empty log, and what follows it', () => {
    expect(tested.add(growth(0, 0)).status).toBe(200)
    expect(tested.add(growth(0, 2)).status).toBe(200)
  })

  test('the same again after an answer that got lost', () => {
    const first = tested.add(growth(0, 5))
    expect(tested.add(growth(0, 5))).toEqual({ status: 409, type: 'text/x.tlog.size', body: '5\n' })
    expect(tested.add(growth(5, 5))).toEqual(first)
  })

  test('a log whose key is rotated, by either key', () => {
    tested.end()
    tested = testWitness({ logs: watching(logKey(1), logKey(2)) })
    expect(tested.add(growth(0, 3)).status).toBe(200)
    expect(tested.add(bodyOf(3, consistency(leaves(4), 3), signedHead(leaves(4), { key: logKey(2) }))).status).toBe(200)
  })

  test('each log by itself', () => {
    const other = logKey(3, 'log.example/other')
    tested.end()
    tested = testWitness({ logs: watching(logKey(), other) })
    expect(tested.add(growth(0, 9)).status).toBe(200)
    expect(tested.add(bodyOf(0, [], signedHead(leaves(2), { key: other, name: other.name }))).status).toBe(200)
    expect(held()).toBe(9)
  })
})

describe('what it refuses, and then remembers nothing new', () => {
  beforeEach(() => { tested.add(growth(0, 20)) })

  test.for([
    ['an unknown origin', 404, () => bodyOf(0, [], signedHead(leaves(3), { key: logKey(1, 'log.example/x'), name: 'log.example/x' }))],
    ['an origin that is a property of every object', 404, () => bodyOf(0, [], signedHead(leaves(3), { key: logKey(1, '__proto__'), name: '__proto__' }))],
    ['a key that it does not know', 403, () => bodyOf(20, consistency(leaves(21), 20), signedHead(leaves(21), { key: logKey(9) }))],
    ['the right key under another origin line', 404, () => bodyOf(20, [], signedHead(leaves(21), { name: 'log.example/y' }))],
    ['a signature that was changed', 403, () => Buffer.from(Buffer.from(growth(20, 21)).toString().replace('\n21\n', '\n22\n'))],
    ['an old size larger than the new', 400, () => bodyOf(21, [], signedHead(leaves(20)))],
    ['a smaller log', 409, () => growth(0, 19)],
    ['a smaller log from its own size', 409, () => growth(19, 19)],
    ['another old size', 409, () => growth(19, 30)],
    ['no old size', 409, () => growth(0, 30)],
    ['another log from the same size', 422, () => growth(20, 30, 'other')],
    ['another root at the same size', 409, () => bodyOf(20, [], signedHead(leaves(20, 'other')))],
    ['a proof between equal sizes', 422, () => bodyOf(20, consistency(leaves(21), 20), signedHead(leaves(20)))],
    ['an empty proof', 422, () => bodyOf(20, [], signedHead(leaves(30)))],
    ['a proof with a hash too many', 422, () => bodyOf(20, [...consistency(leaves(30), 20), leaves(1)[0] ?? new Uint8Array(32)], signedHead(leaves(30)))],
    ['a proof with two hashes exchanged', 422, () => bodyOf(20, consistency(leaves(30), 20).toReversed(), signedHead(leaves(30)))],
    ['64 lines of proof', 400, () => bodyOf(20, Array.from({ length: 64 }, () => new Uint8Array(32)), signedHead(leaves(30)))],
    ['a short hash', 400, () => bodyOf(20, [new Uint8Array(31)], signedHead(leaves(30)))],
    ['a leading zero', 400, () => bodyOf('020', consistency(leaves(30), 20), signedHead(leaves(30)))],
    ['a size with a sign', 400, () => bodyOf('-1', [], signedHead(leaves(30)))],
    ['a size beyond 2^53', 400, () => bodyOf('9007199254740993', [], signedHead(leaves(30)))],
    ['two spaces', 400, () => bodyOf(' 20', [], signedHead(leaves(30)))],
    ['no checkpoint', 400, () => Buffer.from('old 20\n\n')],
    ['no blank line', 400, () => Buffer.from('old 20\n')],
    ['nothing', 400, () => new Uint8Array(0)],
    ['bytes that are no text', 400, () => new Uint8Array(400).fill(0xff)],
  ] as const)('%s: %d', ([, status, body]) => {
    const answer = tested.add(body())
    expect(answer.status).toBe(status)
    if (status === 409) expect(answer).toMatchObject({ type: 'text/x.tlog.size', body: '20\n' })
    expect(answer.body).not.toContain('—')
    expect(held()).toBe(20)
  })

  test('any bytes at all', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => { expect(tested.add(bytes).status).toBe(400) }))
    const honest = growth(20, 30)
    fc.assert(fc.property(fc.nat(honest.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = Uint8Array.from(honest)
      bytes[at] = (bytes[at] ?? 0) ^ flip
      const parsed = parseAddCheckpoint(bytes)
      if (parsed.ok) expect([400, 403, 404, 409, 422]).toContain(tested.add(bytes).status)
    }))
    expect(held()).toBe(20)
  })
})

describe('a first head is taken as it is, but not any first request', () => {
  test.for([
    ['a proof from nothing', 422, () => bodyOf(0, consistency(leaves(4), 2), signedHead(leaves(4)))],
    ['an old size', 409, () => growth(2, 4)],
  ] as const)('%s: %d', ([, status, body]) => {
    expect(tested.add(body()).status).toBe(status)
    expect(held()).toBeUndefined()
  })
})

describe('many at once', () => {
  test('whatever order requests come in, all signed heads extend one another', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.record({ from: fc.nat(12), to: fc.nat(12), salt: fc.constantFrom('', 'fork') }), { maxLength: 40 }), async (requests) => {
      const one = testWitness()
      const twin = createWitness(witnessOptions(must(openWitnessState(one.folder))))
      const signed: Uint8Array[] = []
      try {
        await Promise.all(requests.map(async ({ from, to, salt }, i) => {
          if (from > to) return
          const answer = await Promise.resolve((i % 2 === 0 ? one.witness : twin).addCheckpoint(growth(from, to, salt)))
          if (answer.status === 200) signed.push(signedHead(leaves(to, salt)))
        }))
        const heads = signed.map((note) => must(parseCheckpoint(must(openNote(note, [logKey()], verifySignature)).text)))
        for (const [i, head] of heads.entries()) {
          const before = heads[i - 1]
          if (before === undefined || before.size === 0) continue
          const salt = Buffer.compare(head.root, must(parseCheckpoint(must(openNote(signedHead(leaves(head.size)), [logKey()], verifySignature)).text)).root) === 0 ? '' : 'fork'
          const proof = before.size === head.size ? [] : consistency(leaves(head.size, salt), before.size)
          expect(verifyConsistency(sha256, { from: before.size, to: head.size, fromRoot: before.root, toRoot: head.root, proof })).toEqual({ ok: true })
        }
      } finally {
        one.end()
      }
    }), { numRuns: 25 })
  })

  test('two processes on one state: of two forks, one is signed', () => {
    const other = must(openWitnessState(tested.folder))
    // Between reading and replacing, the other process signs the other fork.
    let raced = false
    const racing = createWitness(witnessOptions({
      ...tested.state,
      swap: (...args) => {
        if (!raced) {
          raced = true
          expect(createWitness(witnessOptions(other)).addCheckpoint(growth(0, 8, 'fork')).status).toBe(200)
        }
        return tested.state.swap(...args)
      },
    }))
    expect(racing.addCheckpoint(growth(0, 9))).toMatchObject({ status: 409, body: '8\n' })
    expect(racing.addCheckpoint(growth(8, 9)).status).toBe(422)
    other.close()
  })
})

describe('what it remembers', () => {
  test('survives being killed between remembering and answering; then nothing else is signed', () => {
    const child = spawnSync(process.execPath, [`${import.meta.dirname}/killed-child.ts`, tested.folder], { encoding: 'utf8' })
    expect([child.signal, child.stdout, child.stderr]).toEqual(['SIGKILL', '', ''])
    expect(held()).toBe(6)
    expect(tested.add(growth(0, 7, 'fork'))).toMatchObject({ status: 409, body: '6\n' })
    expect(tested.add(growth(6, 7, 'fork')).status).toBe(422)
    expect(tested.add(growth(6, 6)).status).toBe(200)
    expect(tested.add(growth(6, 7)).status).toBe(200)
  })

  test('is made once, and opened never where there is none', () => {
    expect(createWitnessState(tested.folder)).toMatchObject({ ok: false, problem: { code: 'STORE_EXISTS' } })
    expect(openWitnessState(`${tested.folder}/elsewhere`)).toMatchObject({ ok: false, problem: { code: 'STORE_MISSING' } })
  })

  test('only grows, in the database itself', () => {
    expect(tested.add(growth(0, 5)).status).toBe(200)
    const path = `${tested.folder}/cosigned.db`
    expect(() => { run(path, 'UPDATE cosigned SET size = 4') }).toThrow('only grows')
    expect(() => { run(path, 'DELETE FROM cosigned') }).toThrow('not forgotten')
    expect(() => { run(path, "PRAGMA recursive_triggers = ON; INSERT OR REPLACE INTO cosigned VALUES ('log.example/test', 1, zeroblob(32))") }).toThrow('not forgotten')
    expect(held()).toBe(5)
  })

  test.for([['io', 10, false], ['full', 13, true], ['busy', 5, true]] as const)('a disk that fails with %s while it is written: no signature, and it goes on: %s', ([, errcode, goesOn]) => {
    let fails = true
    const witness = createWitness(witnessOptions({
      ...tested.state,
      swap: (...args) => {
        if (!fails) return tested.state.swap(...args)
        fails = false
        throw Object.assign(new Error('injected'), { errcode })
      },
    }))
    expect(witness.addCheckpoint(growth(0, 5))).toMatchObject({ status: 503 })
    expect(witness.healthy()).toBe(goesOn)
    expect(witness.addCheckpoint(growth(0, 5)).status).toBe(goesOn ? 200 : 503)
  })
})
