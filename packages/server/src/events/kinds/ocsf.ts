/**
 * OCSF 1.8.0 (https://schema.ocsf.io) in JSON lines. Classes: 3004 Entity Management for what becomes of an opt-out, 6003 API Activity for a use of one, 2004 Detection
 * Finding for what somebody has to look at; everything else is 3004 about the log itself. `type_uid` is `class_uid` · 100 + `activity_id`.
 */
import type { Manner, Telling } from '../../ports/sinks.ts'
import { shortType } from '@exeat/core/entry'
import { severityOf } from './severity.ts'
import { batches } from './webhook.ts'

export interface OcsfOptions {
  /** The value of `Authorization`; undefined: none is sent. Read anew each time. */
  readonly authorization: () => string | undefined
  readonly version: string
}

export function ocsf({ authorization, version }: OcsfOptions): Manner {
  return {
    page: 256,
    parcels: (items) => batches(items).map((each) => ({ items: each, lane: 'all' })),
    post: ({ items }) => {
      const shown = authorization()
      const lines = items.map((item) => `${JSON.stringify(ocsfOf(item, version))}\n`).join('')
      return { headers: { 'content-type': 'application/x-ndjson', 'user-agent': 'exeat', ...(shown === undefined ? {} : { authorization: shown }) }, body: new Uint8Array(Buffer.from(lines, 'utf8')) }
    },
  }
}

interface Class {
  readonly uid: 2004 | 3004 | 6003
  readonly activity: number
  readonly name: string
  readonly more?: Readonly<Record<string, unknown>>
}

const names = { 2004: 'Detection Finding', 3004: 'Entity Management', 6003: 'API Activity' } as const
const categories = { 2004: [2, 'Findings'], 3004: [3, 'Identity & Access Management'], 6003: [6, 'Application Activity'] } as const

const disposed = (id: number, disposition: string) => ({ disposition_id: id, disposition })

const entity = (activity: number, name: string, more: Readonly<Record<string, unknown>> = {}): Class => ({ uid: 3004, activity, name, more })
const finding = (title: string): Class => ({ uid: 2004, activity: 1, name: 'Create', more: { is_alert: true, title } })

const classes: Readonly<Record<string, Class>> = {
  'optout.proposed': entity(1, 'Create'), 'optout.renewed': entity(1, 'Create'),
  'optout.approved': entity(8, 'Enable', disposed(8, 'Approved')), 'optout.rejected': entity(3, 'Update', { status_id: 2, status: 'Failure', ...disposed(25, 'Rejected') }), 'optout.withdrawn': entity(3, 'Update', { status_id: 2, status: 'Failure' }),
  'optout.activated': entity(10, 'Activate'), 'optout.revoked': entity(9, 'Disable', disposed(24, 'Access Revoked')), 'optout.lapsed': entity(11, 'Deactivate'), 'optout.exhausted': entity(11, 'Deactivate'), 'optout.stale': entity(9, 'Disable'),
  'use.claimed': { uid: 6003, activity: 99, name: 'Policy bypassed', more: { action_id: 1, action: 'Allowed', ...disposed(10, 'Exonerated') } },
  'emergency.activated': finding('Emergency opt-out activated'), 'emergency.overdue': finding('Review of an emergency opt-out is late'), 'optout.asked-after-end': finding('Opt-out asked for after its end'), 'optout.rising': finding('Opt-out used far more than before'), 'optout.unexpected': finding('Opt-out used otherwise than its document expects'), 'optout.drifted': finding('Document of an active opt-out changed'),
  'shadow.detected': finding('Control switched off without an opt-out'),
  'audit.degraded': finding('Audit degraded'), 'point.silent': finding('Enforcement point is silent'),
}

const member = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined)
const textIn = (value: unknown, name: string): string | undefined => {
  const found = member(value, name)
  return typeof found === 'string' ? found : undefined
}

export function ocsfOf({ type, subject, time, told, index }: Telling, version: string): Readonly<Record<string, unknown>> {
  const { uid, activity, name, more: { title, ...more } = {} } = classes[shortType(type)] ?? entity(99, shortType(type))
  const [category, categoryName] = categories[uid]
  const { data } = told
  const asked = data['asked']
  const optOut = textIn(asked, 'name') ?? textIn(data, 'name')
  const by = member(data, 'by') ?? member(data, 'requester')
  const [iss, sub] = [textIn(by, 'iss'), textIn(by, 'sub')]
  const actor = iss === undefined || sub === undefined ? { actor: { app_name: 'exeat' } } : { actor: { user: { uid: sub, domain: iss, type_id: 1, type: 'User' } } }
  const reason = textIn(asked, 'reason') ?? textIn(data, 'reason')
  const about = { type_id: 99, type: subject === null ? 'Log' : 'Policy exception', ...(subject === null ? {} : { uid: subject }), ...(optOut === undefined ? {} : { name: optOut }) }
  return {
    category_uid: category, category_name: categoryName, class_uid: uid, class_name: names[uid], activity_id: activity, activity_name: name, type_uid: uid * 100 + activity, type_name: `${names[uid]}: ${name}`,
    time, severity_id: severityOf(type).ocsf, status_id: 1, status: 'Success',
    metadata: {
      version: '1.8.0', product: { name: 'Exeat', vendor_name: 'Exeat', version }, uid: told.id, event_code: type, log_name: told.source, original_time: told.time, ...(index === undefined ? {} : { sequence: index }),
      ...(uid === 2004 ? { profiles: [] } : { profiles: ['security_control'] }),
    },
    ...actor, ...(reason === undefined ? {} : { comment: reason }),
    ...(uid === 3004 ? { entity: about } : {}),
    ...(uid === 2004 ? { finding_info: { uid: told.id, title, types: [type], ...(optOut === undefined ? {} : { desc: optOut }), created_time: time }, evidences: [{ data: { entry: index ?? null, log: told.source } }] } : {}),
    ...(uid === 6003 ? {
      api: { operation: 'use', service: { name: textIn(data, 'point') ?? 'enforcement point' } }, src_endpoint: { name: textIn(data, 'point') ?? 'enforcement point' }, policy: { ...about, is_applied: false },
      resources: [{ type: 'subject', name: textIn(data, 'subject') ?? '' }],
    } : {}),
    ...more, unmapped: { cloudevent: told },
  }
}
