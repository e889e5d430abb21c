/** What git shows of signed acts. Apart from the rest: it reads YAML and history, which most runs need not. */
export { type BranchCommit, branchHistory, branchSince, type Change } from '../branch.ts'
export { commitSignature, type CommitSignature } from '../commit-signature.ts'
export { type OfflineFolder, readOfflineFolders } from '../offline.ts'
export { listSignatures, readSignedActs, readSigners, type SignatureBlobs, type SignedAct, signersPath } from '../signatures.ts'
export { involvedIn, mergesOf, type Stood, stoodSince, takenAwaySince, writingCommit } from '../standing.ts'
export { worktreeRoot } from '../worktree.ts'
