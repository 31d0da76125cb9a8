import { type Field, flag, object, optional, text } from '../model/wire/index.js';

/** `aws_storage`: any store that speaks S3. Names are those of Consul's snapshot agent. */
export interface OwnS3Options {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly s3Region?: string;
  readonly s3Bucket?: string;
  readonly s3KeyPrefix?: string;
  readonly s3Endpoint?: string;
  readonly s3ForcePathStyle?: boolean;
  readonly s3ServerSideEncryption?: boolean;
  readonly s3EnableKms?: boolean;
  readonly s3KmsKey?: string;
  readonly roleArn?: string;
  readonly roleSessionName?: string;
  readonly webIdentityTokenFile?: string;
  readonly stsEndpoint?: string;
}

/** What Consul's agent has besides. */
export interface S3Options extends OwnS3Options {
  readonly s3StaticSnapshotName?: string;
  readonly iamEndpoint?: string;
}

/** Where backups go; one of them. */
export interface StorageOptions {
  readonly localStorage?: { readonly path?: string };
  readonly awsStorage?: S3Options;
  readonly azureBlobStorage?: {
    readonly accountName?: string;
    readonly accountKey?: string;
    readonly containerName?: string;
  };
  readonly googleStorage?: { readonly bucket?: string };
}

const words = (): Field<string | undefined> => optional(text());
const onOff = (): Field<boolean | undefined> => optional(flag());

const s3Fields = {
  accessKeyId: words(),
  secretAccessKey: words(),
  sessionToken: words(),
  s3Region: words(),
  s3Bucket: words(),
  s3KeyPrefix: words(),
  s3Endpoint: words(),
  s3ForcePathStyle: onOff(),
  s3ServerSideEncryption: onOff(),
  s3EnableKms: onOff(),
  s3KmsKey: words(),
  roleArn: words(),
  roleSessionName: words(),
  webIdentityTokenFile: words(),
  stsEndpoint: words(),
};
const localStorage = optional(object<NonNullable<StorageOptions['localStorage']>>({ path: words() }));

/** The schema of the storage sections in the agent's configuration (`backup`). */
export const storageFields = { localStorage, awsStorage: optional(object<OwnS3Options>(s3Fields)) };

/** That of `snapshot agent`: all that Consul's has, so that its files can be read; what means nothing here is refused later. */
export const consulStorageFields = {
  localStorage,
  awsStorage: optional(
    object<S3Options>({
      ...s3Fields,
      s3StaticSnapshotName: words(),
      iamEndpoint: words(),
    }),
  ),
  azureBlobStorage: optional(
    object<NonNullable<StorageOptions['azureBlobStorage']>>({
      accountName: words(),
      accountKey: words(),
      containerName: words(),
    }),
  ),
  googleStorage: optional(object<NonNullable<StorageOptions['googleStorage']>>({ bucket: words() })),
};
