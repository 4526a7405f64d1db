import type { Access } from "../../schema/access.ts";

/** By what somebody was let in, which has to go on being good. */
export type Proof =
  /** It is a process of the platform itself: its token is to come in with, and it stays as long as it likes. */
  | { readonly kind: "own" }
  | { readonly kind: "password"; readonly credentialId: string }
  | { readonly kind: "token"; readonly endsAtMs: number }
  | { readonly kind: "certificate"; readonly fingerprint: string };

/** Whether who was let in by this proof may stay, as far as access goes that may have changed since. */
export function mayStay(access: Access | null, proof: Proof): boolean {
  if (proof.kind === "own") return true;
  if (access === null || !access.isEnabled) return false;
  switch (proof.kind) {
    case "password":
      return access.credentials.some(({ id }) => id === proof.credentialId);
    case "token":
      return true;
    case "certificate":
      return !access.revokedCertificates.includes(proof.fingerprint);
  }
}

/** When the proof ends by itself, in milliseconds since the epoch. */
export function endOf(access: Access | null, proof: Proof): number {
  if (proof.kind === "token") return proof.endsAtMs;
  if (proof.kind !== "password") return Number.POSITIVE_INFINITY;
  const credential = access?.credentials.find(({ id }) => id === proof.credentialId);
  return credential?.validUntilMs ?? Number.POSITIVE_INFINITY;
}
