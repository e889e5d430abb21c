/** SSH signatures and who may make them: PROTOCOL.sshsig, PROTOCOL.u2f and ALLOWED SIGNERS of OpenSSH. */
export { type AllowedSigner, gitIdentity, gitIssuer, parseAllowedSigners, type ParsedSigners, signerOf } from './allowed-signers.ts'
export { keyFingerprint, type KeyMaterial, parsePublicKey, readPublicKey, type SshPublicKey } from './key.ts'
export { largestSignature, parseSshSignature, type RawSignature, rawSshSignature, type SshSignatureParts } from './signature.ts'
export { actNamespace, type SshDeps, type SshSignature, type SshWanted, verifySshSignature } from './verify.ts'
export { type ActsOn, type GovernedAt, groupsOf, type MergedAct, readAct, readEnvelope, type SoundAct } from './act.ts'
export { type ActsGiven, type JudgedActs, judgeActs } from './acts.ts'
export { requesterOf, type SignedCommit } from './requester.ts'
export { changesFolder, type GovernOf, type MergeApproval, type MergeOf, readGovernApproval, readGovernEnvelope, readMergeApproval, type UnmergedAct } from './merge.ts'
