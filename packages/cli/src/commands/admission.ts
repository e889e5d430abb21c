import type { Command } from 'commander'
import type { AdmissionFlags } from '../admission/run.ts'
import type { Io } from '../edge/io.ts'

const help = `
An enforcement point in front of a Kubernetes API server, over HTTPS at /admit. It
decides by a verified bundle that it keeps fresh; without one nothing is excused,
and /readyz says why.

  proxy  stands in front of another admission webhook (Kyverno, Gatekeeper, OPA).
         What that one allows passes unchanged. What it denies is overridden only
         where every reason of the denial is understood and excused.
  guard  refuses native exemptions that no active opt-out covers: exceptions,
         exclusions, weakened or deleted policies, exempting labels. Whoever runs
         Kyverno or Gatekeeper as well uses both modes, each a process.

Names, environments and root keys are those of the file that --workspace names;
policies and opt-outs those of the bundle. The token of the point goes into
EXEAT_TOKEN, or EXEAT_TOKEN_FILE for a projected service account token.

Examples:
  exeat admission guard --workspace workspace.yaml --bundle https://exeat.example \\
    --cluster prod-eu --tls-cert tls.crt --tls-key tls.key
  exeat admission proxy --workspace workspace.yaml --bundle https://exeat.example \\
    --cluster prod-eu --tls-cert tls.crt --tls-key tls.key --upstream-kind gatekeeper \\
    --upstream https://gatekeeper-webhook-service.gatekeeper-system.svc/v1/admit \\
    --upstream-ca gatekeeper-ca.crt

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 failed, 3 invalid configuration,
64 wrong usage.`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .argument('<mode>', 'guard or proxy')
    .requiredOption('--workspace <file>', 'the workspace document, from the protected branch: what pins the log')
    .option('--bundle <url>', 'the server that bundles come from; EXEAT_BUNDLE')
    .option('--cluster <name>', 'this cluster, as the workspace names it under `identity.workloads`: its `environments` map namespaces')
    .option('--env <name>', 'environment of namespaces that no cluster maps, as a mere assertion')
    .option('--repo <name>', 'repository, as the workspace names it; default: the only one')
    .option('--listen <host:port>', 'where to serve', '0.0.0.0:8443')
    .requiredOption('--tls-cert <file>', 'certificate chain in PEM; looked at anew every ten seconds')
    .requiredOption('--tls-key <file>', 'its private key in PEM')
    .option('--client-ca <file>', 'answer only clients with a certificate under this one')
    .option('--upstream <url>', 'proxy: the webhook behind, with its path')
    .option('--upstream-ca <file>', 'proxy: the certificate authority of the webhook behind')
    .option('--upstream-kind <kind>', 'proxy: kyverno, gatekeeper or opa')
    .option('--kyverno-autoregistration <state>', 'proxy before Kyverno: `off`, said by whoever turned it off')
    .option('--kyverno-deployment <file>', 'proxy before Kyverno: `kubectl get deployment -o json` of its admission controller, which shows it')
    .addHelpText('after', help)
    .action(async (mode: string, flags: AdmissionFlags) => {
      await (await import('../admission/run.ts')).admission(mode, flags, io)
      finish(0)
    })
}
