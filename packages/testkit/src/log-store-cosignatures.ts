/** Witnesses' signatures beside the checkpoints. */
import { openLog } from '@exeat/server'
import { describe, expect, test } from 'vitest'
import { faultyTables } from './log-store-faults.ts'
import { append, codeOf, cosigned, finish, foundedLog, must, opened, operation, reopened, testOptions, type StoreKind } from './log-store-kit.ts'

export function cosigning(kind: StoreKind): void {
  describe(`${kind.name}: cosignatures`, () => {
    test('stand beside their checkpoint, each line once, in the order of name and line', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, 'a', 'b')
      expect(await log.cosignatures(2)).toEqual([])
      expect(await log.addCosignatures(2, [cosigned('w2'), cosigned('w1', 2), cosigned('w1', 1), cosigned('w2')])).toEqual({ ok: true })
      expect(await log.addCosignatures(2, [cosigned('w2'), cosigned('w3')])).toEqual({ ok: true })
      expect(await log.addCosignatures(2, [])).toEqual({ ok: true })
      const wanted = [cosigned('w1', 1), cosigned('w1', 2), cosigned('w2'), cosigned('w3')].toSorted((a, b) => (a.name + a.line < b.name + b.line ? -1 : 1))
      expect(await log.cosignatures(2)).toEqual(wanted)
      await log.close()
      const again = await reopened(database)
      expect(await again.cosignatures(2)).toEqual(wanted)
      for (const size of [0, 1, 3, -1, 0.5, Number.NaN]) expect(await again.cosignatures(size)).toEqual([])
      await finish(again, database)
    })

    test('the newest checkpoint that has one is found, though newer ones have none', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, 'a')
      await append(log, 'b')
      expect(await log.latestCosigned()).toBeUndefined()
      await log.addCosignatures(1, [cosigned('w')])
      await log.addCosignatures(0, [cosigned('w')])
      const found = await log.latestCosigned()
      expect([found?.size, found?.lines, opened(found?.checkpoint ?? new Uint8Array(0)).size]).toEqual([1, [cosigned('w')], 1])
      await log.addCosignatures(2, [cosigned('w')])
      expect((await log.latestCosigned())?.size).toBe(2)
      await finish(log, database)
    })

    test.each([2, 4, -1, 0.5, Number.NaN, 2 ** 53])('size %d has no checkpoint, and gets none', async (size) => {
      const { database, log } = await foundedLog(kind)
      await append(log, 'a', 'b', 'c')
      expect(codeOf(await log.addCosignatures(size, [cosigned('w')]))).toBe('COSIGNATURE_SIZE')
      expect(await log.latestCosigned()).toBeUndefined()
      await finish(log, database)
    })

    test.each([
      ['of another name', { name: 'x', line: cosigned('w').line }], ['two lines', { name: 'w', line: `${cosigned('w').line}\n${cosigned('w', 2).line}` }],
      ['with its line feed', { name: 'w', line: `${cosigned('w').line}\n` }], ['nothing', { name: 'w', line: '' }], ['no base64', { name: 'w', line: '— w ***' }],
      ['too long', { name: 'w', line: `— w ${Buffer.alloc(900).toString('base64')}` }], ['a name that is none', { name: '', line: '—  AAAAAAAA' }],
      ['a key id alone', { name: 'w', line: '— w AAAAAA==' }],
    ])('a line that is %s: refused with all that came with it', async (_, line) => {
      const { database, log } = await foundedLog(kind)
      expect(codeOf(await log.addCosignatures(0, [cosigned('w'), line]))).toBe('COSIGNATURE_INVALID')
      expect(await log.cosignatures(0)).toEqual([])
      await finish(log, database)
    })

    test('are added between the batches of a busy log', async () => {
      const { database, log } = await foundedLog(kind)
      const appended = Array.from({ length: 600 }, (_, i) => log.append(operation(`key-${i}`)))
      const added = await Promise.all(Array.from({ length: 30 }, (_, i) => log.addCosignatures(0, [cosigned('w', i)])))
      expect(added.map(codeOf).every((code) => code === 'ok')).toBe(true)
      expect((await Promise.all(appended)).map(codeOf).every((code) => code === 'ok')).toBe(true)
      expect([(await log.cosignatures(0)).length, (await log.head()).size]).toEqual([30, 600])
      await finish(log, database)
    })

    test.each(['before', 'after'] as const)('a database that fails %s they are written: dead, and settled by a repeat', async (when) => {
      const { database, log } = await foundedLog(kind)
      await append(log, 'a')
      await log.close()
      const { tables, arm } = faultyTables(await database.open())
      const broken = must(await openLog(tables, testOptions()))
      arm({ step: 'insertCosignatures', when, error: kind.error('busy') })
      expect(codeOf(await broken.addCosignatures(1, [cosigned('w')]))).toBe('STORE_BUSY')
      arm({ step: 'insertCosignatures', when, error: kind.error('io') })
      expect(codeOf(await broken.addCosignatures(1, [cosigned('w')]))).toBe('STORE_UNCERTAIN')
      expect([codeOf(await broken.addCosignatures(1, [cosigned('w')])), codeOf(await broken.append(operation('b')))]).toEqual(['STORE_DEAD', 'STORE_DEAD'])
      await broken.close()
      const again = await reopened(database)
      expect(await again.cosignatures(1)).toEqual(when === 'after' ? [cosigned('w')] : [])
      expect(await again.addCosignatures(1, [cosigned('w')])).toEqual({ ok: true })
      expect(await again.cosignatures(1)).toEqual([cosigned('w')])
      await again.close()
      expect(codeOf(await again.addCosignatures(1, [cosigned('w')]))).toBe('STORE_CLOSED')
      await database.drop()
    })
  })
}
