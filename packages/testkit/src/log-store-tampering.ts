/** A database that somebody edited, and what it refuses the program itself. */
import { fsck } from '@exeat/log'
import { checkExtends, entryOperation, sha256, storeCodes } from '@exeat/server'
import { describe, expect, test } from 'vitest'
import { append, codeOf, cosigned, cutBack, finish, foundedLog, manyKeys, must, opened, operation, problemOf, reopened, textAt, utf8, type StoreKind } from './log-store-kit.ts'

/** What somebody who owns the database may do behind the program's back, and the start-up check sees. */
const edits: readonly (readonly [string, (literal: StoreKind['literal']) => string])[] = [
  ['the newest entry is deleted', () => 'DELETE FROM entry WHERE idx = 299'],
  ['an old entry is deleted', () => 'DELETE FROM entry WHERE idx = 7'],
  ['an entry is added behind the head', (literal) => `INSERT INTO entry (idx, leaf, entry) VALUES (300, ${literal('00'.repeat(32))}, ${literal('00')})`],
  ['the newest entry is edited', (literal) => `UPDATE entry SET entry = ${literal('00')} WHERE idx = 299`],
  ['a leaf at the edge is edited', (literal) => `UPDATE entry SET leaf = ${literal('00'.repeat(32))} WHERE idx = 299`],
  ['a hash at the edge is edited', (literal) => `UPDATE tile_hash SET hash = ${literal('00'.repeat(32))} WHERE level = 1 AND idx = 0`],
  ['a hash at the edge is deleted', () => 'DELETE FROM tile_hash WHERE level = 1 AND idx = 0'],
  ['the head\'s size is edited', () => 'UPDATE head SET size = 299'],
  ['the head\'s root is edited', (literal) => `UPDATE head SET root = ${literal('00'.repeat(32))}`],
  ['the head\'s range is edited', (literal) => `UPDATE head SET frontier = ${literal('00'.repeat(128))}`],
  ['the head\'s range is cut', () => 'UPDATE head SET frontier = substr(frontier, 1, 32)'],
  ['the head is deleted', () => 'DELETE FROM head'],
  ['the newest checkpoint is deleted', () => 'DELETE FROM checkpoint WHERE size = 300'],
  ['all checkpoints are deleted', () => 'DELETE FROM checkpoint'],
  ['the newest checkpoint\'s note is another\'s', () => 'UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 0) WHERE size = 300'],
  ['the newest checkpoint\'s note is no note', (literal) => `UPDATE checkpoint SET note = ${literal('00')} WHERE size = 300`],
  ['the newest checkpoint\'s root is edited', (literal) => `UPDATE checkpoint SET root = ${literal('00'.repeat(32))} WHERE size = 300`],
  ['a checkpoint is added that repeats the newest under another size', () => 'INSERT INTO checkpoint (size, root, note) SELECT 301, root, note FROM checkpoint WHERE size = 300'],
  ['a checkpoint is added', (literal) => `INSERT INTO checkpoint (size, root, note) VALUES (301, ${literal('00'.repeat(32))}, ${literal('00')})`],
]

export function tampering(kind: StoreKind): void {
  describe(`${kind.name}: a database that was edited`, () => {
    test.each(edits)('%s: read-only, and it says what differs', async (_, sql) => {
      const { database, log } = await foundedLog(kind)
      await append(log, ...manyKeys)
      await log.close()
      await database.tamper(sql(kind.literal))
      const again = await reopened(database)
      expect(again.status()).toMatchObject({ state: 'read-only', problem: { code: 'HEAD_INCONSISTENT' } })
      expect(codeOf(await again.verifyHead())).toBe('HEAD_INCONSISTENT')
      expect(codeOf(await again.append(operation('more')))).toBe('HEAD_INCONSISTENT')
      expect(await textAt(again, 1)).toBe('entry of key-1')
      await finish(again, database)
    })

    const seenByAppend = edits.filter(([what]) => /head's r|checkpoint is|checkpoints are|head is|checkpoint's root/.test(what))
    test.each(seenByAppend)('%s while it is open: the next append notices, and stores nothing', async (_, sql) => {
      const { database, log } = await foundedLog(kind)
      await append(log, ...manyKeys)
      await database.tamper(sql(kind.literal))
      expect(codeOf(await log.append(operation('more')))).toBe('HEAD_INCONSISTENT')
      expect(log.status()).toMatchObject({ state: 'read-only' })
      expect(await log.entry(300)).toBeUndefined()
      await finish(log, database)
    })

    test('an old entry that was edited is found by reading the whole log, though the start-up check cannot see it', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, ...manyKeys)
      const saved = opened((await log.head()).checkpoint)
      await database.tamper(`UPDATE entry SET entry = ${kind.literal('00')} WHERE idx = 7`)
      expect(await log.verifyHead()).toEqual({ ok: true })
      expect(await fsck(sha256, log, saved)).toMatchObject({ ok: false, first: { code: 'ENTRY_MISMATCH', entry: 7 } })
      await finish(log, database)
    })

    test('its newest entries cut off without a trace: a saved checkpoint shows it', async () => {
      const { database, log } = await foundedLog(kind)
      await append(log, ...manyKeys.slice(0, 200))
      await append(log, ...manyKeys.slice(200))
      const saved = opened((await log.head()).checkpoint)
      await cutBack(kind, database, log, 200)
      await log.close()
      const again = await reopened(database)
      expect(again.status()).toEqual({ state: 'open' })
      expect(codeOf(await checkExtends(again, await again.head(), saved))).toBe('HEAD_NOT_EXTENDED')
      await finish(again, database)
    })

    test('the whole log replaced by another of the same key: a saved checkpoint shows it', async () => {
      const { database, log } = await foundedLog(kind)
      const other = await foundedLog(kind)
      await append(log, ...manyKeys)
      await append(other.log, ...manyKeys.toReversed(), 'more')
      const saved = opened((await log.head()).checkpoint)
      expect(await checkExtends(log, await log.head(), saved)).toEqual({ ok: true })
      expect(codeOf(await checkExtends(other.log, await other.log.head(), saved))).toBe('HEAD_NOT_EXTENDED')
      await finish(log, database)
      await finish(other.log, other.database)
    })
  })
}

/** What the database refuses the program itself. */
const forbidden: readonly (readonly [string, (literal: StoreKind['literal']) => string])[] = [
  ['an entry is updated', (literal) => `UPDATE entry SET entry = ${literal('00')} WHERE idx = 0`],
  ['an entry is deleted', () => 'DELETE FROM entry WHERE idx = 1'],
  ['an entry of a known index is inserted', (literal) => `INSERT INTO entry (idx, leaf, entry) VALUES (1, ${literal('00'.repeat(32))}, ${literal('00')})`],
  ['a tile hash is deleted', () => 'DELETE FROM tile_hash'],
  ['a checkpoint is updated', (literal) => `UPDATE checkpoint SET root = ${literal('00'.repeat(32))} WHERE size = 0`],
  ['a checkpoint is deleted', () => 'DELETE FROM checkpoint WHERE size = 0'],
  ['the head is deleted', () => 'DELETE FROM head'],
  ['the identity is updated', () => "UPDATE identity SET origin = 'x'"],
  ['an operation is updated', () => "UPDATE operation SET idx = 1 WHERE key = 'a'"],
  ['an operation is deleted', () => 'DELETE FROM operation'],
  ['an operation of a known key is inserted', (literal) => `INSERT INTO operation (key, digest, idx, count) VALUES ('a', ${literal('00'.repeat(32))}, 1, 1)`],
  ['a body is updated', (literal) => `UPDATE body SET bytes = ${literal('00')}`],
  ['other bytes are inserted under a known digest', (literal) => `INSERT INTO body (kind, digest, bytes) VALUES ('kept', 'a', ${literal('00')})`],
  ['a cosignature is updated', () => "UPDATE cosignature SET line = 'x'"],
  ['a cosignature is deleted', () => 'DELETE FROM cosignature'],
  ['a cosignature is inserted for a size without a checkpoint', () => "INSERT INTO cosignature (size, name, line) VALUES (7, 'w', 'x')"],
]

export function guarding(kind: StoreKind): void {
  test.each(forbidden)(`${kind.name}: the database refuses that %s`, async (_, sql) => {
    const { database, log } = await foundedLog(kind)
    must(await log.append(operation('a', { change: async (transaction) => problemOf(await transaction.keep('kept', 'a', utf8('kept'))) })))
    expect(await log.addCosignatures(1, [cosigned('w')])).toEqual({ ok: true })
    await append(log, ...manyKeys)
    await expect(database.execute(sql(kind.literal))).rejects.toThrow()
    expect(await fsck(sha256, log, await log.head())).toMatchObject({ ok: true })
    expect(await log.verifyHead()).toEqual({ ok: true })
    await finish(log, database)
  })

  test(`${kind.name}: every refusal has a code of the table`, async () => {
    const { database, log } = await foundedLog(kind)
    const answer = await log.append(entryOperation('', utf8('x')))
    expect(Object.keys(storeCodes)).toContain(codeOf(answer))
    await finish(log, database)
  })
}
