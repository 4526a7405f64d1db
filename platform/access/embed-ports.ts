import type { Embed, NewEmbedBody } from "../../schema/embed.ts";

/** Tokens with which a page elsewhere shows the charts of one device, and nothing else. */
export interface EmbedStore {
  /** By device and age, those that have expired too; of one device, or of all. */
  list(deviceId?: string): Promise<readonly Embed[]>;
  add(embed: NewEmbed, by: string): Promise<Embed>;
  /** What the token of this hash is for, if it has not expired; a question counts as use. */
  find(hash: string): Promise<Pick<Embed, "deviceId" | "label"> | null>;
  /** Those of these hashes that are still good. Does not count as use. */
  living(hashes: readonly string[]): Promise<ReadonlySet<string>>;
  /** False when there is none of that id. */
  revoke(id: string, by: string): Promise<boolean>;
}

export interface NewEmbed extends NewEmbedBody {
  readonly hash: string;
}
