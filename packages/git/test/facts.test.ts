import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gitFacts } from '../src/index.ts'
import { repositoryName } from '../src/facts.ts'
import { codesOf, repositories } from './support.ts'

const { repository, clone, folder } = repositories()

describe('facts of a clone', () => {
  test('the commit is asserted, unless it is that of the protected ref', async () => {
    const { dir, git } = repository({ a: '1' })
    const commit = git('rev-parse', 'HEAD')
    expect(await gitFacts(dir)).toEqual({
      commit: { value: commit, provenance: 'asserted', from: 'HEAD of the clone' },
      ref: { value: 'refs/heads/main', provenance: 'asserted', from: 'branch that is checked out' },
    })
    expect((await gitFacts(dir, { protectedCommit: commit })).commit).toEqual({ value: commit, provenance: 'verified', from: 'protected ref' })
    expect((await gitFacts(dir, { protectedCommit: '0'.repeat(40) })).commit?.provenance).toBe('asserted')
  })

  test('a detached HEAD has no branch, an unborn one no commit, a remote with a URL a name', async () => {
    const here = repository({ a: '1' })
    here.git('remote', 'add', 'origin', 'https://alice:secret@forge.example/acme/payments.git')
    here.git('checkout', '--quiet', '--detach')
    const facts = await gitFacts(here.dir)
    expect(facts.ref).toBeUndefined()
    expect(facts.repository).toEqual({ value: { name: 'acme/payments', id: 'acme/payments' }, provenance: 'asserted', from: 'URL of the remote `origin`' })
    expect(JSON.stringify(facts)).not.toContain('secret')
    expect(await gitFacts(here.dir, { repository: false })).toEqual({ commit: facts.commit })
    expect(await gitFacts(here.dir, { repository: false, dirty: true })).toEqual({ commit: facts.commit, dirty: false })
    expect(await gitFacts(repository().dir)).toEqual({})
  })

  test('a file or tag called HEAD does not stand in for it', async () => {
    const here = repository({ 'HEAD^{commit}': 'x', HEAD: 'y' })
    const commit = here.git('rev-list', '--max-count=1', 'refs/heads/main', '--')
    here.git('checkout', '--quiet', '-b', 'next')
    here.commit({ z: '' })
    here.git('tag', 'HEAD', 'refs/heads/main')
    const facts = await gitFacts(here.dir)
    // The branch is unknown then, as git finds the name ambiguous.
    expect([facts.commit?.value, facts.ref]).toEqual([here.git('rev-parse', 'refs/heads/next'), undefined])
    expect(facts.commit?.value).not.toBe(commit)
  })

  test('are those of a linked work tree, a bare repository, SHA-256', async () => {
    const one = repository({ a: '1' })
    const linked = join(folder(), 'linked')
    one.git('worktree', 'add', '--quiet', '-b', 'side', linked)
    expect((await gitFacts(linked)).ref?.value).toBe('refs/heads/side')
    const bare = await gitFacts(clone(one, '--bare').dir, { dirty: true })
    expect([bare.ref?.value, bare.dirty]).toEqual(['refs/heads/main', undefined])
    expect((await gitFacts(repository({ a: '1' }, { objectFormat: 'sha256' }).dir)).commit?.value).toMatch(/^[0-9a-f]{64}$/)
  })

  test('no repository', async () => {
    expect(await codesOf(gitFacts(folder()))).toEqual(['REPOSITORY_MISSING'])
  })
})

describe('a dirty work tree', () => {
  test('has tracked files that differ, staged or not; new files do not count', async () => {
    const here = repository({ a: '1', 'with space': 'x' })
    const dirty = async (): Promise<boolean | undefined> => (await gitFacts(here.dir, { dirty: true })).dirty
    expect(await dirty()).toBe(false)
    here.write('new', 'x')
    expect(await dirty()).toBe(false)
    here.write('a', '2')
    expect(await dirty()).toBe(true)
    here.git('add', 'a')
    expect(await dirty()).toBe(true)
    here.commit()
    expect(await dirty()).toBe(false)
    expect(await gitFacts(here.dir)).not.toHaveProperty('dirty')
  })

  test('is found without running anything that the repository configures', async () => {
    const here = repository({ '.gitattributes': '*.txt filter=evil=x diff=evil\n* filter=plain\n', 'a.txt': '1', b: '1' })
    const mark = join(here.dir, 'ran')
    const command = join(here.dir, 'command.sh')
    writeFileSync(command, `#!/bin/sh\ntouch ${mark}\ncat\n`, { mode: 0o755 })
    for (const key of ['core.fsmonitor', 'filter.evil=x.clean', 'filter.evil=x.process', 'filter.plain.clean', 'core.pager', 'diff.evil.textconv', 'diff.external', 'core.sshCommand']) here.git('config', key, command)
    here.git('config', 'filter.plain.required', 'true')
    utimesSync(join(here.dir, 'a.txt'), 1, 1)
    utimesSync(join(here.dir, 'b'), 1, 1)
    expect((await gitFacts(here.dir, { dirty: true })).dirty).toBe(false)
    expect(existsSync(mark)).toBe(false)
    here.git('status')
    expect(existsSync(mark)).toBe(true)
  })
})

describe('the name in a URL', () => {
  test.each([
    ['https://github.com/acme/payments', 'acme/payments'], ['https://github.com/acme/payments.git/', 'acme/payments'], ['https://token@gitlab.com/group/sub/app.git', 'group/sub/app'],
    ['git@github.com:acme/payments.git', 'acme/payments'], ['forge.example:acme/payments', 'acme/payments'], ['ssh://git@forge.example:2222/acme/payments.git', 'acme/payments'],
    ['git://forge.example/acme/payments', 'acme/payments'],
  ])('%s', (url, name) => {
    expect(repositoryName(url)).toBe(name)
  })

  test.each([
    '', '/srv/git/payments.git', '../payments', 'file:///srv/acme/payments', 'C:/srv/acme/payments', 'https://forge.example/', 'https://forge.example/payments', 'https://forge.example/a/b?token=x',
    'https://forge.example/a/b c', 'git@forge.example:a/\u202Eb', 'ext::sh -c id', `https://forge.example/a/${'b'.repeat(600)}`,
  ])('none in %s', (url) => {
    expect(repositoryName(url)).toBeUndefined()
  })

  test('never holds a user, a password or a blank', () => {
    fc.assert(fc.property(fc.string(), fc.webUrl({ withQueryParameters: true, authoritySettings: { withUserInfo: true } }), (text, url) => {
      for (const name of [repositoryName(text), repositoryName(url)]) if (name !== undefined) expect(name).toMatch(/^[^\s?#]+\/[^\s?#]+$/)
      const userInfo = /\/\/([^/@]+)@/.exec(url)?.[1]
      if (userInfo !== undefined && userInfo.length > 3) expect(repositoryName(url) ?? '').not.toContain(`${userInfo}@`)
    }))
  })
})
