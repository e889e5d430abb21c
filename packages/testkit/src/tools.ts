/** Tests beside real tools: skipped with a message where the tool is absent, failing where `EXEAT_REQUIRE` names it. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { describe } from 'vitest'

/** Folders searched after PATH: where Go's own package, `tools/ci-setup`, `go install`, `pip --user` and npm put commands. */
const extraFolders = ['/usr/local/go/bin', join('.tools', 'node_modules', '.bin'), join(homedir(), 'go', 'bin'), join(homedir(), '.local', 'bin'), join('node_modules', '.bin')]

/** Absolute path of a command, or undefined where no folder holds it. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...extraFolders]
  return folders.filter((folder) => folder !== '').map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** Folder of a node module that `tools/ci-setup` installs because it is too heavy for everybody, or undefined. */
export function findModule(name: string): string | undefined {
  const folder = resolve('.tools', 'node_modules', name)
  return existsSync(join(folder, 'package.json')) ? folder : undefined
}

/** Tools whose absence fails the run: `EXEAT_REQUIRE=opa,sarif-multitool`. */
export function isRequired(name: string): boolean {
  return (process.env['EXEAT_REQUIRE'] ?? '').split(',').map((each) => each.trim()).includes(name)
}

/**
 * `describe` that needs a tool. Absent: the suite is skipped and says so in its title,
 * or, where `EXEAT_REQUIRE` names the tool, throws while tests are collected, which fails the run.
 */
export function describeWith(tool: string, title: string, suite: (path: string) => void): void {
  describeFound(tool, findTool(tool), 'is not on PATH', title, suite)
}

/** `describeWith` for a node module in `.tools`; the suite gets its folder. */
export function describeWithModule(module: string, title: string, suite: (folder: string) => void): void {
  describeFound(module, findModule(module), 'is not in .tools (run tools/ci-setup)', title, suite)
}

function describeFound(tool: string, path: string | undefined, absence: string, title: string, suite: (path: string) => void): void {
  if (path === undefined && isRequired(tool)) throw new Error(`EXEAT_REQUIRE names ${tool}, and it ${absence}`)
  const name = path === undefined ? `${title} (skipped: ${tool} ${absence})` : title
  describe.skipIf(path === undefined)(name, () => {
    suite(path ?? tool)
  })
}
