/** The contract of `IdentityRows`, against a real database. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IdentityRows } from '../../server/src/ports/identity.ts'

export interface RowsKind {
  readonly name: string
  /** Two connections to one new database: as two processes have them. */
  readonly open: () => Promise<readonly [IdentityRows, IdentityRows]>
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))
const text = (row: { readonly value: Uint8Array } | undefined): string | undefined => (row === undefined ? undefined : Buffer.from(row.value).toString('utf8'))
const twenty = Array.from({ length: 20 }, (_, i) => i)

export function identityRowsSuite({ name, open }: RowsKind): void {
  describe(`${name}: rows about identities`, () => {
    let here: IdentityRows
    let there: IdentityRows
    beforeAll(async () => { [here, there] = await open() })
    afterAll(async () => {
      await here.close()
      await there.close()
    })

    test('a row is put once where none stands, and changed by who knows its version', async () => {
      expect(await here.put('a', 'k', { value: bytes('1'), owner: 'ann' }, 0, 10)).toBe(true)
      expect(await there.put('a', 'k', { value: bytes('2') }, 0, 10)).toBe(false)
      expect(await there.get('a', 'k', 10)).toEqual({ value: bytes('1'), version: 1, owner: 'ann', expires: null })
      expect(await there.put('a', 'k', { value: bytes('2') }, 2, 10)).toBe(false)
      expect(await there.put('a', 'k', { value: bytes('2'), expires: 20 }, 1, 10)).toBe(true)
      expect(await here.put('a', 'k', { value: bytes('3') }, 1, 10)).toBe(false)
      expect(await here.get('a', 'k', 10)).toEqual({ value: bytes('2'), version: 2, owner: null, expires: 20 })
      expect(await here.get('b', 'k', 10)).toBeUndefined()
      expect(await here.put('a', 'nothing', { value: bytes('1') }, 1, 10)).toBe(false)
    })

    test('from the instant on that it expires at, a row is not there; whoever held its version does not meet it again', async () => {
      await here.put('e', 'k', { value: bytes('old'), expires: 100 }, 0, 10)
      expect(text(await here.get('e', 'k', 99))).toBe('old')
      expect(await here.get('e', 'k', 100)).toBeUndefined()
      expect(await here.take('e', 'k', 100)).toBeUndefined()
      expect(await here.put('e', 'k', { value: bytes('new') }, 1, 100)).toBe(false)
      expect(await here.put('e', 'k', { value: bytes('new') }, 0, 100)).toBe(true)
      expect(await here.get('e', 'k', 100)).toMatchObject({ version: 2 })
      expect(await here.put('e', 'k', { value: bytes('stale') }, 1, 100)).toBe(false)
    })

    test('of twenty who take one, one gets it; of twenty who write by one version, one does', async () => {
      for (let round = 0; round < 5; round++) {
        // oxlint-disable-next-line no-await-in-loop -- a race after the other
        await here.put('race', `${round}`, { value: bytes('x') }, 0, 10)
        // oxlint-disable-next-line no-await-in-loop
        const written = await Promise.all(twenty.map((i) => (i % 2 === 0 ? here : there).put('race', `${round}`, { value: bytes(`${i}`) }, 1, 10)))
        expect(written.filter(Boolean)).toHaveLength(1)
        // oxlint-disable-next-line no-await-in-loop
        const taken = await Promise.all(twenty.map((i) => (i % 2 === 0 ? here : there).take('race', `${round}`, 10)))
        expect(taken.filter((row) => row !== undefined)).toHaveLength(1)
        // oxlint-disable-next-line no-await-in-loop
        const first = await Promise.all(twenty.map((i) => (i % 2 === 0 ? here : there).put('race', `${round}`, { value: bytes(`${i}`) }, 0, 10)))
        expect(first.filter(Boolean)).toHaveLength(1)
      }
    })

    test('lists and drops what is somebody\'s, page by page and nobody else\'s', async () => {
      for (const key of ['c', 'a', 'b', 'Z', 'é']) await here.put('list', key, { value: bytes(key), owner: 'ann' }, 0, 10)
      await here.put('list', 'x', { value: bytes('x'), owner: 'ben', expires: 50 }, 0, 10)
      expect((await there.owned('list', 'ann', 10)).map(({ key }) => key)).toEqual(['Z', 'a', 'b', 'c', 'é'])
      expect((await there.owned('list', 'ann', 10, { after: 'a', limit: 2 })).map(({ key }) => key)).toEqual(['b', 'c'])
      expect((await there.all('list', 10)).map(({ key }) => key)).toEqual(['Z', 'a', 'b', 'c', 'x', 'é'])
      expect((await there.all('list', 50)).map(({ key }) => key)).toEqual(['Z', 'a', 'b', 'c', 'é'])
      expect(await here.drop('list', 'c')).toBe(true)
      expect(await here.drop('list', 'c')).toBe(false)
      expect(await here.dropOwned('list', 'ann')).toBe(4)
      expect((await there.all('list', 10)).map(({ key }) => key)).toEqual(['x'])
    })

    test('counts across connections, forgets after its window, and begins anew', async () => {
      const counted = await Promise.all(twenty.map((i) => (i % 2 === 0 ? here : there).count('tries', 1, 100, 10)))
      expect([...counted].sort((a, b) => a - b)).toEqual(twenty.map((i) => i + 1))
      expect(await there.count('tries', 1, 100, 109)).toBe(21)
      expect(await there.count('tries', 1, 100, 110)).toBe(1)
      await here.resetCount('tries')
      expect(await there.count('tries', 0, 100, 110)).toBe(0)
    })

    test('keys and bytes of whatever kind come back as they went', async () => {
      for (const key of ['__proto__', '', '\'; DROP TABLE identity_row; --', '%', 'ann\u0001', '{"iss":"x"}']) {
        const value = new Uint8Array([0, 255, 10, 39])
        // oxlint-disable-next-line no-await-in-loop
        expect(await here.put('hostile', key, { value, owner: key }, 0, 10)).toBe(true)
        // oxlint-disable-next-line no-await-in-loop
        expect(await there.get('hostile', key, 10)).toMatchObject({ value, owner: key })
      }
      const large = new Uint8Array(1024 * 1024).fill(7)
      await here.put('hostile', 'large', { value: large }, 0, 10)
      expect((await there.get('hostile', 'large', 10))?.value).toEqual(large)
    })

    test('sweeping removes what is over and nothing else', async () => {
      await here.put('sweep', 'over', { value: bytes('x'), expires: 1000 }, 0, 10)
      await here.put('sweep', 'stays', { value: bytes('x'), expires: 1001 }, 0, 10)
      await here.count('sweep', 1, 500, 500)
      await there.sweep(1000)
      expect((await here.all('sweep', 0)).map(({ key }) => key)).toEqual(['stays'])
      expect(await here.count('sweep', 1, 500, 600)).toBe(1)
    })
  })
}
