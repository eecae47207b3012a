//! How plans travel between client, scheduler and executor.
//!
//! Both codecs delegate to Ballista's. Our own tables and operators are written
//! behind a marker, so that their bytes cannot be taken for Ballista's; our
//! functions travel by name and are found in the registry all roles share.

use std::sync::Arc;

use ballista_core::serde::{BallistaLogicalExtensionCodec, BallistaPhysicalExtensionCodec};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::file_format::FileFormatFactory;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Extension, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};

use crate::{keyed, sink, source};

/// Logical plans: our nodes and table providers, then Ballista's nodes and file formats.
#[derive(Debug, Default)]
pub struct EngineLogicalCodec {
    ballista: BallistaLogicalExtensionCodec,
}

impl LogicalExtensionCodec for EngineLogicalCodec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[LogicalPlan],
        context: &TaskContext,
    ) -> Result<Extension> {
        let ours = sink::codec::decode_node(bytes, inputs)
            .or_else(|| keyed::codec::decode_node(bytes, inputs));
        match ours {
            Some(node) => node,
            None => self.ballista.try_decode(bytes, inputs, context),
        }
    }

    fn try_encode(&self, node: &Extension, bytes: &mut Vec<u8>) -> Result<()> {
        let ours = sink::codec::encode_node(node).or_else(|| keyed::codec::encode_node(node));
        match ours {
            Some(encoded) => bytes.extend(encoded?),
            None => self.ballista.try_encode(node, bytes)?,
        }
        Ok(())
    }

    fn try_decode_table_provider(
        &self,
        bytes: &[u8],
        table: &TableReference,
        schema: SchemaRef,
        context: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        match source::codec::decode_table(bytes) {
            Some(provider) => provider,
            None => self
                .ballista
                .try_decode_table_provider(bytes, table, schema, context),
        }
    }

    fn try_encode_table_provider(
        &self,
        table: &TableReference,
        provider: Arc<dyn TableProvider>,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        match source::codec::encode_table(provider.as_ref()) {
            Some(encoded) => bytes.extend(encoded?),
            None => self
                .ballista
                .try_encode_table_provider(table, provider, bytes)?,
        }
        Ok(())
    }

    fn try_decode_file_format(
        &self,
        bytes: &[u8],
        context: &TaskContext,
    ) -> Result<Arc<dyn FileFormatFactory>> {
        self.ballista.try_decode_file_format(bytes, context)
    }

    fn try_encode_file_format(
        &self,
        bytes: &mut Vec<u8>,
        format: Arc<dyn FileFormatFactory>,
    ) -> Result<()> {
        self.ballista.try_encode_file_format(bytes, format)
    }
}

/// Physical plans: our operators, then Ballista's.
#[derive(Debug, Default)]
pub struct EnginePhysicalCodec {
    ballista: BallistaPhysicalExtensionCodec,
}

impl PhysicalExtensionCodec for EnginePhysicalCodec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let ours = source::codec::decode_scan(bytes, inputs)
            .or_else(|| sink::codec::decode_exec(bytes, inputs))
            .or_else(|| keyed::codec::decode_exec(bytes, inputs));
        match ours {
            Some(plan) => plan,
            None => self.ballista.try_decode(bytes, inputs, context, converter),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let ours = source::codec::encode_scan(node.as_ref())
            .or_else(|| sink::codec::encode_exec(node.as_ref()))
            .or_else(|| keyed::codec::encode_exec(node.as_ref()));
        match ours {
            Some(encoded) => bytes.extend(encoded?),
            None => self.ballista.try_encode(node, bytes, converter)?,
        }
        Ok(())
    }
}
