/** Appending, in batches and again. */
import { encodeReceipt, fsck, leafHash, openTree, verifyReceipt } from '@exeat/log'
import { entryOperation, sha256, verifySignature } from '@exeat/server'
import { describe, expect, test } from 'vitest'
import {
  append, codeOf, entryOf, finish, foundedLog, must, opened, operation, origin, recording, reopened, testSigner, textAt, utf8, type StoreKind,
} from './log-store-kit.ts'

export function appending(kind: StoreKind): void {
  describe(`${kind.name}: appending`, () => {
    test('each answer carries a signed checkpoint under which its entry is proven', async () => {
      const { database, log } = await foundedLog(kind)
      const keys = ['a', 'b', 'c', 'd', 'e']
      for (const key of keys) {
        const { index, checkpoint } = must(await log.append(operation(key)))
        expect(index).toBe(keys.indexOf(key))
        const head = opened(checkpoint)
        const tree = must(await openTree(sha256, log, head))
        const receipt = must(encodeReceipt({ index, proof: must(await tree.inclusionProof(index)), checkpoint }))
        const trust = { origin, log: [testSigner()] as const, witnesses: { atLeast: 0, keys: [] } }
        const leaf = leafHash(sha256, entryOf(key))
        expect(must(verifyReceipt(sha256, verifySignature, receipt, leaf, trust))).toMatchObject({ index })
      }
      await finish(log, database)
    })

    test('what arrives together is committed together, at most 256 at once, in the order of the calls', async () => {
      const { database, log } = await foundedLog(kind)
      const keys = Array.from({ length: 700 }, (_, i) => `key-${i}`)
      const answers = await append(log, ...keys)
      expect(answers.map(({ index }) => index)).toEqual(keys.map((_, i) => i))
      expect([...new Set(answers.map(({ checkpoint }) => opened(checkpoint).size))]).toEqual([256, 512, 700])
      await finish(log, database)
    })

    test('the bytes are taken at the call: what the caller changes later is not stored', async () => {
      const { database, log } = await foundedLog(kind)
      const entry = utf8('before')
      const answer = log.append(entryOperation('a', entry))
      entry.set(utf8('after!'))
      must(await answer)
      expect(await textAt(log, 0)).toBe('before')
      await finish(log, database)
    })

    test('entries of one byte, of every byte and of 65,535 bytes come back as they were', async () => {
      const { database, log } = await foundedLog(kind)
      const entries = [Uint8Array.of(0), Uint8Array.from({ length: 256 }, (_, i) => i), new Uint8Array(65_535).fill(0xff)]
      for (const [i, entry] of entries.entries()) must(await log.append(entryOperation(`key-${i}`, entry)))
      for (const [i, entry] of entries.entries()) expect(Buffer.compare((await log.entry(i))?.entry ?? new Uint8Array(0), entry)).toBe(0)
      expect(await fsck(sha256, log, await log.head())).toMatchObject({ ok: true })
      await finish(log, database)
    })

    test('closing finishes what was accepted, and refuses what comes later', async () => {
      const { database, log } = await foundedLog(kind)
      const answers = Promise.all(Array.from({ length: 600 }, (_, i) => log.append(operation(`key-${i}`))))
      const closed = log.close()
      expect(codeOf(await log.append(operation('late')))).toBe('STORE_CLOSED')
      await closed
      await log.close()
      expect((await answers).map(codeOf).every((code) => code === 'ok')).toBe(true)
      const again = await reopened(database)
      expect((await again.head()).size).toBe(600)
      await finish(again, database)
    })

    test('more than ten thousand waiting operations are refused, and the others stand', async () => {
      const { database, log } = await foundedLog(kind)
      const answers = await Promise.all(Array.from({ length: 10_050 }, (_, i) => log.append(operation(`key-${i}`))))
      const codes = answers.map(codeOf)
      expect(codes.filter((code) => code === 'STORE_BUSY')).toHaveLength(50)
      expect((await log.head()).size).toBe(10_000)
      await finish(log, database)
    })
  })
}

export function repeating(kind: StoreKind): void {
  describe(`${kind.name}: idempotency`, () => {
    test('the same key and bytes get the same answer and are applied once', async () => {
      const { database, log } = await foundedLog(kind)
      const first = must(await log.append(recording('a')))
      await append(log, 'b')
      expect(must(await log.append(recording('a')))).toEqual(first)
      expect((await log.record('done', 'a'))?.version).toBe(1)
      expect((await log.head()).size).toBe(2)
      await finish(log, database)
    })

    test('the same key twice in one batch is one entry, with one answer', async () => {
      const { database, log } = await foundedLog(kind)
      const answers = await Promise.all(['a', 'b', 'a', 'a'].map((key) => log.append(recording(key))))
      const [first, , second, third] = answers.map(must)
      expect([second, third]).toEqual([first, first])
      expect((await log.head()).size).toBe(2)
      await finish(log, database)
    })

    test('the same key with other bytes is refused, in one batch and later', async () => {
      const { database, log } = await foundedLog(kind)
      const other = entryOperation('a', utf8('other bytes'))
      const answers = await Promise.all([log.append(operation('a')), log.append(other)])
      expect(answers.map(codeOf)).toEqual(['ok', 'APPEND_KEY_REUSED'])
      expect(codeOf(await log.append(other))).toBe('APPEND_KEY_REUSED')
      expect((await log.head()).size).toBe(1)
      await finish(log, database)
    })

    test('the key of an operation that was refused is free again', async () => {
      const { database, log } = await foundedLog(kind)
      const refused = log.append(operation('a', { change: () => ({ code: 'NO', message: 'no' }) }))
      const answers = await Promise.all([refused, log.append(operation('a'))])
      expect(answers.map(codeOf)).toEqual(['NO', 'ok'])
      await finish(log, database)
    })
  })
}
