/**
 * Kyverno writes its own webhook configurations, and with them whoever goes round a proxy. Where it does, a proxy before it would decide nothing, so it does not start.
 * What shows that it does not is the flag `--autoUpdateWebhooks=false` of its admission controller, as its deployment stood when the file was written.
 */
import { cliError } from '../edge/problem.ts'

interface Evidence {
  readonly kyvernoAutoregistration?: string
  readonly kyvernoDeployment?: string
}

/** @throws {ExeatError} KYVERNO_REGISTERS */
export function checkKyverno({ kyvernoAutoregistration: state, kyvernoDeployment: file }: Evidence, read: (file: string) => string): void {
  const how = 'run Kyverno with `--autoUpdateWebhooks=false`, point its webhook configurations at the proxy, and say `--kyverno-autoregistration=off --kyverno-deployment FILE`'
  if (state !== 'off' || file === undefined) throw cliError('KYVERNO_REGISTERS', 'nothing shows that Kyverno does not manage its own webhook configurations, which lead round the proxy', how)
  const flags = argumentsIn(read(file)).filter((each) => /^--?autoUpdateWebhooks(?:=|$)/.test(each))
  // The last one counts for Kyverno; one that says otherwise anywhere is reason enough.
  if (flags.length > 0 && flags.every((each) => /^--?autoUpdateWebhooks=(?:false|0|f|F|FALSE|False)$/.test(each))) return
  throw cliError('KYVERNO_REGISTERS', `the deployment in \`${file}\` does not run Kyverno with \`--autoUpdateWebhooks=false\``, how)
}

/** Arguments of the containers of a `Deployment`. Nothing for what is none. */
function argumentsIn(text: string): readonly string[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return []
  }
  if (at(value, 'kind') !== 'Deployment') return []
  const containers = at(value, 'spec', 'template', 'spec', 'containers')
  return (Array.isArray(containers) ? containers : []).flatMap((container: unknown) => ['command', 'args'].flatMap((key) => {
    const list = at(container, key)
    return Array.isArray(list) ? list.filter((each): each is string => typeof each === 'string') : []
  }))
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  let found: unknown = value
  for (const key of keys) found = typeof found === 'object' && found !== null && Object.hasOwn(found, key) ? (found as Readonly<Record<string, unknown>>)[key] : undefined
  return found
}
