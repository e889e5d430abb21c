/** What `exeat init` writes for forges and their pipelines. */
import manifest from '../../package.json' with { type: 'json' }
import type { InitFacts } from './documents.ts'

const { version } = manifest

export const codeOwners = `# Who governs the gate. Turn on "require review from code owners" for the protected branch.
/.exeat/                       @OWNER/security
/.github/workflows/exeat.yml   @OWNER/security
/.gitlab/exeat.yml             @OWNER/security
/.github/CODEOWNERS            @OWNER/security
`

export const githubWorkflow = ({ branch }: InitFacts): string => `# While a change can edit this file, the gate is advisory. To make it binding, let the organisation require it as a workflow of a
# repository that changes cannot touch.
name: exeat
on:
  pull_request:
  push: { branches: [${branch}] }
permissions: { contents: read }
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with: { fetch-depth: 0 }           # the gate reads .exeat/ from ${branch}
      - run: git fetch origin +refs/heads/${branch}:refs/remotes/origin/${branch}
      - uses: actions/setup-node@v5
        with: { node-version: 24 }
      # Put your scanner here. It must not fail the job itself: the gate decides.
      - uses: aquasecurity/trivy-action@0.33.1
        with: { scan-type: fs, format: sarif, output: trivy.sarif, exit-code: '0' }
      - run: |
          npx --yes exeat@${version} gate trivy.sarif --env development --ref origin/${branch} \\
            --format github --format markdown --output "$GITHUB_STEP_SUMMARY" --format sarif --output exeat.sarif
`

export const gitlabJob = ({ branch }: InitFacts): string => `# Include it from .gitlab-ci.yml:
#   include: [{ local: .gitlab/exeat.yml }]
# While a change can edit this file, the gate is advisory. To make it binding, let a compliance pipeline or a pipeline execution policy run it.
exeat:
  image: node:24
  variables: { GIT_DEPTH: 0 }
  script:
    - git fetch origin +refs/heads/${branch}:refs/remotes/origin/${branch}
    # Put your scanner before this job and hand its report over as an artifact.
    - npx --yes exeat@${version} gate trivy.sarif --env development --ref origin/${branch} --format table --format junit --output exeat.xml
  artifacts:
    when: always
    reports: { junit: exeat.xml }
`
