import { afterAll, expect, test } from 'vitest'
import { temporaryClone, temporaryRepository } from '../../testkit/src/index.ts'
import { ExeatError } from '@exeat/core/error'
import { branchStoodAt, resolveProtectedRef } from '../src/index.ts'
import { readOfflineFolders } from '../src/signed/index.ts'

const digest = 'a'.repeat(64)
const repository = temporaryRepository({
  '.exeat/workspace.yaml': 'x', [`.exeat/offline/${digest}/grant.json`]: '{}', [`.exeat/offline/${digest}/b.sshsig`]: 'second', [`.exeat/offline/${digest}/a.sshsig`]: 'first',
  [`.exeat/offline/${digest}/deeper/c.sshsig`]: 'no', [`.exeat/offline/${'b'.repeat(64)}/a.sshsig`]: 'of no grant', '.exeat/offline/short/grant.json': '{}', [`.exeat/offline/${'c'.repeat(64)}/grant.json`]: 'x'.repeat(70_000),
  [`offline/${digest}/grant.json`]: 'outside',
})
afterAll(() => { repository.remove() })

const tree = async (dir: string): Promise<string> => {
  const resolved = await resolveProtectedRef(dir, { ref: 'main' })
  return resolved.tree
}

test('grants stand in folders of their digests, with the signatures beside them in order', async () => {
  const found = await readOfflineFolders(repository.dir, await tree(repository.dir))
  expect(found.map(({ path, grant, signatures }) => [path, Buffer.from(grant).toString(), signatures.map((each) => Buffer.from(each.bytes).toString())])).toEqual([
    [`.exeat/offline/${digest}/grant.json`, '{}', ['first', 'second']],
  ])
})

test('none is none, and more files than are counted refuse', async () => {
  const other = temporaryRepository({ '.exeat/workspace.yaml': 'x' })
  try {
    expect(await readOfflineFolders(other.dir, await tree(other.dir))).toEqual([])
    other.commit(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`.exeat/offline/${i}.txt`, 'x'])))
    const error: unknown = await readOfflineFolders(other.dir, await tree(other.dir)).catch((thrown: unknown) => thrown)
    expect(error instanceof ExeatError ? error.problems[0].code : error).toBe('GOVERNANCE_TOO_LARGE')
  } finally {
    other.remove()
  }
})

test('a branch stood where its first parents are, and nowhere else', async () => {
  const first = repository.git('rev-parse', 'HEAD')
  const aside = repository.git('commit-tree', '-p', first, '-m', 'aside', 'HEAD^{tree}')
  const merge = repository.git('commit-tree', '-p', first, '-p', aside, '-m', 'merge', 'HEAD^{tree}')
  repository.git('update-ref', 'refs/heads/main', merge)
  expect(await branchStoodAt(repository.dir, merge, merge)).toBe(true)
  expect(await branchStoodAt(repository.dir, merge, first)).toBe(true)
  expect(await branchStoodAt(repository.dir, merge, aside)).toBe(false)
  expect(await branchStoodAt(repository.dir, first, merge)).toBe(false)
  for (const none of ['f'.repeat(40), 'main', '--all', '', first.slice(0, 12)]) {
    expect(await branchStoodAt(repository.dir, merge, none)).toBe(false)
    expect(await branchStoodAt(repository.dir, none, first)).toBe(false)
  }
  const shallow = temporaryClone(repository, '--depth=1')
  expect(await branchStoodAt(shallow.dir, merge, first)).toBe(false)
  shallow.remove()
})
