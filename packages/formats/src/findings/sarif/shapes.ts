/** What of SARIF 2.1.0 a finding needs. Section numbers are those of the OASIS standard. */
import { boolean, freeText, freeTexts, indexed, list, number, object, present, table, text } from './read.ts'
import type { Value } from './read.ts'

const message = { text, markdown: text }

/** §3.4 */
export const artifactLocation = { uri: text, uriBaseId: text, index: number }

/** §3.54, toolComponentReference */
const componentReference = { name: text, index: number, guid: text }

/** §3.52, reportingDescriptorReference */
export const descriptorReference = { id: text, index: number, guid: text, toolComponent: object(componentReference) }

/** §3.49, reportingDescriptor: a rule, or a class of a taxonomy */
const descriptor = {
  id: text,
  guid: text,
  name: text,
  shortDescription: object(message),
  fullDescription: object(message),
  defaultConfiguration: object({ level: text }),
  messageStrings: table(object(message)),
  relationships: list(object({ target: object(descriptorReference) })),
  properties: object({ 'security-severity': freeText, tags: freeTexts }),
}

/** §3.19, toolComponent */
const component = {
  name: text,
  guid: text,
  rules: indexed(object(descriptor)),
  taxa: indexed(object(descriptor)),
  globalMessageStrings: table(object(message)),
}

/** §3.20 */
const invocation = {
  executionSuccessful: boolean,
  processStartFailureMessage: present,
  ruleConfigurationOverrides: list(object({ configuration: object({ level: text }), descriptor: object(descriptorReference) })),
}

const logicalLocation = { fullyQualifiedName: text, kind: text, index: number }

/** What of a run is neither its results nor needed before its end, in any order of keys. §3.14 */
export const runShape = {
  tool: object({ driver: object(component), extensions: indexed(object(component)) }),
  invocations: indexed(object(invocation)),
  artifacts: indexed(object({ location: object(artifactLocation) })),
  logicalLocations: indexed(object(logicalLocation)),
  originalUriBaseIds: table(object(artifactLocation)),
  taxonomies: indexed(object(component)),
  versionControlProvenance: list(object({ revisionId: text, mappedTo: object(artifactLocation) })),
  properties: object({ repoDigests: freeTexts }),
}

/** §3.35 */
export const suppressionShape = { kind: text, status: text, justification: text }

/** §3.15.3, §4.3: parts of a run that stand in another file, or elsewhere in this one. */
export const externalShape = { results: present, invocations: present, driver: present, extensions: present }

export type Message = Value<typeof message>
export type ArtifactLocation = Value<typeof artifactLocation>
export type DescriptorReference = Value<typeof descriptorReference>
export type Descriptor = Value<typeof descriptor>
export type Component = Value<typeof component>
export type Invocation = Value<typeof invocation>
export type Run = Value<typeof runShape>
export type Suppression = Value<typeof suppressionShape>
