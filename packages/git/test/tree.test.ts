/** Throwaway copies of trees, hostile ones too. */
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryRepository, type TemporaryRepository } from '../../testkit/src/index.ts'
import { copyTree } from '../src/tree/index.ts'

let repository: TemporaryRepository
let into: string
beforeEach(() => {
  repository = temporaryRepository({ 'a.txt': 'a\n', 'deep/er/b.txt': 'b\n', 'with\nnewline': 'c\n' })
  into = mkdtempSync(join(tmpdir(), 'exeat-tree-'))
})
afterEach(() => {
  repository.remove()
  rmSync(into, { recursive: true })
})
const limits = { files: 100, bytes: 1_000_000 }
const copy = (wanted: (path: string) => boolean = () => true, most = limits) => copyTree(repository.dir, 'HEAD', into, wanted, most)

test('files are copied as they are, none of them executable, and those that are not wanted are not', async () => {
  expect(await copy((path) => path !== 'a.txt')).toEqual({ files: 2, left: [] })
  expect(readFileSync(join(into, 'deep/er/b.txt'), 'utf8')).toBe('b\n')
  expect(readFileSync(join(into, 'with\nnewline'), 'utf8')).toBe('c\n')
  expect(lstatSync(join(into, 'deep/er/b.txt')).mode & 0o777).toBe(0o600)
  expect(existsSync(join(into, 'a.txt'))).toBe(false)
})
test('links and submodules are left out, and so are names that lead out of a folder', async () => {
  symlinkSync('/etc/passwd', join(repository.dir, 'link'))
  repository.git('add', '--all')
  repository.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`)
  repository.git('commit', '--quiet', '-m', 'Links')
  // A tree that no git would check out: `..` and `.GIT` as names.
  const blob = repository.git('rev-parse', 'HEAD:a.txt')
  const inner = repository.gitWith({ input: `100644 blob ${blob}\tx\n` }, 'mktree')
  const tree = repository.gitWith({ input: `${repository.git('ls-tree', 'HEAD').split('\n').filter((line) => line !== '' && !line.includes('newline')).join('\n')}\n040000 tree ${inner}\t..\n040000 tree ${inner}\t.GIT\n` }, 'mktree', '--missing')
  const commit = repository.git('commit-tree', tree, '-m', 'Hostile')
  const copied = await copyTree(repository.dir, commit, into, () => true, limits)
  expect(copied.left.toSorted()).toEqual(['../x', '.GIT/x', 'link', 'sub'])
  expect(readdirSync(into).toSorted()).toEqual(['a.txt', 'deep'])
})
test('more than is copied at most is refused before anything is written', async () => {
  const code = async (most: typeof limits): Promise<unknown> => copy(undefined, most).then(() => 'none', (error: { readonly problems: readonly { readonly code: string }[] }) => error.problems[0]?.code)
  expect(await code({ files: 2, bytes: 1000 })).toBe('TREE_TOO_LARGE')
  expect(await code({ files: 3, bytes: 5 })).toBe('TREE_TOO_LARGE')
  expect(readdirSync(into)).toEqual([])
})
