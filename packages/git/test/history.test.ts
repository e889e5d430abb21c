import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryClone, temporaryRepository, type TemporaryRepository } from '../../testkit/src/index.ts'
import { fileWriters, isAncestor } from '../src/index.ts'
import { problemsOf } from './support.ts'

let repository: TemporaryRepository
beforeEach(() => { repository = temporaryRepository({ 'README.md': 'x' }) })
afterEach(() => { repository.remove() })

function commitBy(author: string, committer: string, path: string, content: string, message = 'change'): string {
  repository.write(path, content)
  repository.git('add', '--all')
  repository.gitWith({ env: { GIT_AUTHOR_EMAIL: author, GIT_COMMITTER_EMAIL: committer } }, 'commit', '--quiet', '-m', message)
  return repository.git('rev-parse', 'HEAD')
}

test('authors, committers and co-authors of the file, and of no other; lower case, sorted', async () => {
  commitBy('Zoe@acme.example', 'merge@acme.example', '.exeat/a.yaml', 'a')
  commitBy('other@acme.example', 'other@acme.example', '.exeat/b.yaml', 'b')
  const tip = commitBy('bob@acme.example', 'merge@acme.example', '.exeat/a.yaml', 'aa', 'change\n\nCo-authored-by: Carol C <Carol@acme.example>\nCo-authored-by: dave@acme.example')
  expect(await fileWriters(repository.dir, tip, '.exeat/a.yaml')).toEqual(['bob@acme.example', 'carol@acme.example', 'dave@acme.example', 'merge@acme.example', 'zoe@acme.example'])
})

test('only the history of the commit that is asked about', async () => {
  const first = commitBy('zoe@acme.example', 'zoe@acme.example', 'a.yaml', 'a')
  commitBy('bob@acme.example', 'bob@acme.example', 'a.yaml', 'b')
  expect(await fileWriters(repository.dir, first, 'a.yaml')).toEqual(['zoe@acme.example'])
})

test('a renamed file keeps its writers', async () => {
  const text = Array.from({ length: 30 }, (_, i) => `line ${i}`).join('\n')
  commitBy('zoe@acme.example', 'zoe@acme.example', 'a.yaml', text)
  repository.git('mv', 'a.yaml', 'b.yaml')
  const tip = commitBy('bob@acme.example', 'bob@acme.example', 'c.txt', 'c')
  expect(await fileWriters(repository.dir, tip, 'b.yaml')).toEqual(['bob@acme.example', 'zoe@acme.example'])
})

test('a name that git would take for a pattern is a name', async () => {
  commitBy('zoe@acme.example', 'zoe@acme.example', 'a*.yaml', 'a')
  const tip = commitBy('bob@acme.example', 'bob@acme.example', 'ab.yaml', 'b')
  expect(await fileWriters(repository.dir, tip, 'a*.yaml')).toEqual(['zoe@acme.example'])
  expect(await fileWriters(repository.dir, tip, ':(glob)**')).toEqual([])
})

test('a history that is cut off tells nothing', async () => {
  const tip = commitBy('zoe@acme.example', 'zoe@acme.example', 'a.yaml', 'a')
  const clone = temporaryClone(repository, '--depth=1')
  expect((await problemsOf(fileWriters(clone.dir, tip, 'a.yaml')))[0]?.code).toBe('REPOSITORY_DAMAGED')
  clone.remove()
})

test('a commit that is not there', async () => {
  expect((await problemsOf(fileWriters(repository.dir, 'f'.repeat(40), 'a.yaml'))).length).toBe(1)
})

test('ancestors', async () => {
  const first = repository.git('rev-parse', 'HEAD')
  const tip = repository.commit({ 'a.txt': 'a' })
  expect(await isAncestor(repository.dir, first, tip)).toBe(true)
  expect(await isAncestor(repository.dir, tip, tip)).toBe(true)
  expect(await isAncestor(repository.dir, tip, first)).toBe(false)
  expect(await isAncestor(repository.dir, 'f'.repeat(40), tip)).toBe(false)
  expect(await isAncestor(repository.dir, '--all', tip)).toBe(false)
})
