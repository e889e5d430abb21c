/** Pipelines, build files and scripts that run scanners: which reader takes a file. */
import type { FileReader } from '../files/index.ts'
import { entriesOf, itemsOf, textOf, treesOf, type Branch } from '../tree.ts'
import type { Found } from '../types.ts'
import { azureSuppressions } from './azure.ts'
import { githubSuppressions } from './github.ts'
import { gitlabSuppressions } from './gitlab.ts'
import { jenkinsSuppressions } from './jenkins.ts'
import { scannerHints } from './scanners.ts'
import { scriptOf } from './script.ts'
import { shellSuppressions } from './shell.ts'

const yaml = /\.ya?ml$/
const kinds: readonly (readonly [test: (path: string, name: string) => boolean, reader: FileReader])[] = [
  [(path, name) => /(?:^|\/)\.(?:github|gitea|forgejo)\/workflows\/[^/]+$/.test(path) && yaml.test(name), githubSuppressions],
  [(_, name) => name === 'action.yml' || name === 'action.yaml', githubSuppressions],
  [(path, name) => yaml.test(name) && (/gitlab-ci/.test(name) || /(?:^|\/)\.gitlab(?:-ci)?\//.test(path)), gitlabSuppressions],
  [(path, name) => yaml.test(name) && (/^\.?azure-?pipelines?/.test(name) || /(?:^|\/)\.?(?:azure-?pipelines|azuredevops|pipelines)\//.test(path)), azureSuppressions],
  [(_, name) => /^jenkinsfile|\.jenkinsfile$|\.groovy$/.test(name), jenkinsSuppressions],
  [(path, name) => yaml.test(name) && (/(?:^|\/)\.(?:circleci|woodpecker|tekton|buildkite)\//.test(path) || /^(?:\.travis|\.drone|\.woodpecker|bitbucket-pipelines|cloudbuild|buildspec|taskfile|\.pre-commit-config)\.ya?ml$/.test(name)), scripts],
  [(_, name) => /\.(?:sh|bash|zsh|ksh)$/.test(name), (text) => shellSuppressions(text, { offset: 0 })],
  [(_, name) => /^(?:gnu)?makefile$|\.mk$/.test(name), (text) => shellSuppressions(text, { offset: 0, make: true })],
]

/** Undefined for what runs no scanner that Exeat knows. */
export function pipelineReader(path: string, name: string, text: string): FileReader | undefined {
  const reader = kinds.find(([test]) => test(path, name))?.[1]
  return reader !== undefined && scannerHints.test(text) ? reader : undefined
}

/** Every text of a pipeline of another kind, read as a script. */
function scripts(text: string, path: string): readonly Found[] {
  return (treesOf(path, text) ?? []).flatMap((root) => texts(root, 0)).flatMap((branch) => {
    const script = scriptOf(branch, text)
    return script === undefined ? [] : shellSuppressions(script.text, script)
  })
}

const deepest = 16

function texts(node: Branch, depth: number): readonly Branch[] {
  if (textOf(node) !== undefined) return [node]
  return depth > deepest ? [] : [...itemsOf(node), ...entriesOf(node).flatMap(({ value }) => value ?? [])].flatMap((part) => texts(part, depth + 1))
}
