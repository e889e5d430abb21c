/** An enforcement point in front of a Kubernetes API server. Loaded by `exeat admission` alone. */
export { guard } from './guard/index.ts'
export { admissionPoint, type AdmissionUse, type Point, type PointOptions } from './point.ts'
export { proxy, type ProxyOptions } from './proxy.ts'
export { type AdmissionOptions, type RunningAdmission, serveAdmission } from './serve.ts'
export type { Upstream } from './upstream.ts'
export { upstreamKinds, type UpstreamKind } from '@exeat/formats/admission'
