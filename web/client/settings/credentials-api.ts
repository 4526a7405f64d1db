import type { SecuredAnswer } from "../../../schema/access-api.ts";
import { api, demand } from "../api/asking.ts";

/** What can be done with the credentials of a device or of a program. */
export interface CredentialWork {
  /** Another password; the one it has stays valid for a while. */
  rotate(): Promise<SecuredAnswer>;
  enable(): Promise<unknown>;
  disable(): Promise<unknown>;
  revoke(): Promise<unknown>;
  remove(): Promise<unknown>;
}

export function deviceWork(id: string): CredentialWork {
  const of = { params: { path: { id } } };
  return {
    rotate: () => demand(() => api.POST("/api/v1/devices/{id}/rotate", { ...of, body: {} })),
    enable: () => demand(() => api.POST("/api/v1/devices/{id}/enable", of)),
    disable: () => demand(() => api.POST("/api/v1/devices/{id}/disable", of)),
    revoke: () => demand(() => api.POST("/api/v1/devices/{id}/revoke", of)),
    remove: () => demand(() => api.DELETE("/api/v1/devices/{id}", of)),
  };
}

export function serviceWork(name: string): CredentialWork {
  const of = { params: { path: { name } } };
  return {
    rotate: () => demand(() => api.POST("/api/v1/services/{name}/rotate", { ...of, body: {} })),
    enable: () => demand(() => api.POST("/api/v1/services/{name}/enable", of)),
    disable: () => demand(() => api.POST("/api/v1/services/{name}/disable", of)),
    revoke: () => demand(() => api.POST("/api/v1/services/{name}/revoke", of)),
    remove: () => demand(() => api.DELETE("/api/v1/services/{name}", of)),
  };
}
