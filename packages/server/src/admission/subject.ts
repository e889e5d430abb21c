import { createHash } from 'node:crypto'
import type { Subject } from './point.ts'
import { type AdmissionRequest, nameOf } from './review.ts'

export interface RequestSubject extends Subject {
  /** `kind/namespace/name`, as reports of the cluster name it; absent where the object has no name yet. */
  readonly resource?: string
}

/** Longest subject of a use. */
const longest = 512

/** The namespace that the object lies in. A namespace lies in none, though the API server names it as its own. */
export const namespaceOf = ({ kind: { group, kind }, namespace = '' }: AdmissionRequest): string => (group === '' && kind === 'Namespace' ? '' : namespace)

/** What a request is about: object, namespace, and how uses name it. */
export function subjectOf(request: AdmissionRequest): RequestSubject {
  const { kind: { kind }, resource: { resource: plural }, subResource, namespace = '', userInfo: { username = '' }, dryRun } = request
  const name = nameOf(request)
  const place = namespaceOf(request) === '' ? '' : `${namespaceOf(request)}/`
  // What is done to a subresource (exec, eviction) is never judged as the object that it belongs to.
  const named = name === '' || (subResource !== undefined && subResource !== '') ? {} : { resource: `${kind}/${place}${name}` }
  const about = [`object:${plural}`, ...(place === '' ? [] : [namespaceOf(request)]), name].map(encoded).join('/')
  return { ...named, namespace: namespace === '' && kind === 'Namespace' ? name : namespace, subject: bounded(`${about} user:${encoded(username)}`), dryRun: dryRun === true }
}

const encoded = (text: string): string => encodeURIComponent(text.toWellFormed()).replaceAll('%3A', ':')

/** Two that are too long must not become one. */
const bounded = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest - 66)} #${createHash('sha256').update(text).digest('hex')}`)
