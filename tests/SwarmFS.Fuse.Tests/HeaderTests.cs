using System.Runtime.CompilerServices;

namespace SwarmFS.Fuse.Tests;

/// <summary>Our structs against the header that the distribution installs.</summary>
public class HeaderTests
{
    private static readonly Dictionary<string, int> Ours = new()
    {
        ["fuse_in_header"] = Unsafe.SizeOf<FuseInHeader>(),
        ["fuse_out_header"] = Unsafe.SizeOf<FuseOutHeader>(),
        ["fuse_init_in"] = Unsafe.SizeOf<FuseInitIn>(),
        ["fuse_init_out"] = Unsafe.SizeOf<FuseInitOut>(),
        ["fuse_attr"] = Unsafe.SizeOf<FuseAttr>(),
        ["fuse_entry_out"] = Unsafe.SizeOf<FuseEntryOut>(),
        ["fuse_attr_out"] = Unsafe.SizeOf<FuseAttrOut>(),
        ["fuse_getattr_in"] = Unsafe.SizeOf<FuseGetattrIn>(),
        ["fuse_open_in"] = Unsafe.SizeOf<FuseOpenIn>(),
        ["fuse_open_out"] = Unsafe.SizeOf<FuseOpenOut>(),
        ["fuse_read_in"] = Unsafe.SizeOf<FuseReadIn>(),
        ["fuse_release_in"] = Unsafe.SizeOf<FuseReleaseIn>(),
        ["fuse_interrupt_in"] = Unsafe.SizeOf<FuseInterruptIn>(),
        ["fuse_getxattr_in"] = Unsafe.SizeOf<FuseGetxattrIn>(),
        ["fuse_getxattr_out"] = Unsafe.SizeOf<FuseGetxattrOut>(),
        ["fuse_lseek_in"] = Unsafe.SizeOf<FuseLseekIn>(),
        ["fuse_lseek_out"] = Unsafe.SizeOf<FuseLseekOut>(),
        ["fuse_kstatfs"] = Unsafe.SizeOf<FuseKstatfs>(),
        ["fuse_statfs_out"] = Unsafe.SizeOf<FuseKstatfs>(),
        ["fuse_dirent"] = Unsafe.SizeOf<FuseDirent>(),
        ["fuse_direntplus"] = Unsafe.SizeOf<FuseEntryOut>() + Unsafe.SizeOf<FuseDirent>(),
        ["fuse_notify_inval_inode_out"] = Unsafe.SizeOf<FuseNotifyInvalInodeOut>(),
        ["fuse_notify_inval_entry_out"] = Unsafe.SizeOf<FuseNotifyInvalEntryOut>(),
        ["fuse_notify_store_out"] = Unsafe.SizeOf<FuseNotifyStoreOut>(),
    };

    private static readonly Dictionary<string, ulong> OurFlags = Enum.GetValues<FuseInitFlags>().ToDictionary(flag => flag.ToString(), flag => (ulong)flag);

    // The names of flags that this header may be too old for are left out.
    private static readonly Dictionary<string, string> HeaderFlags = new()
    {
        ["AsyncRead"] = "FUSE_ASYNC_READ",
        ["BigWrites"] = "FUSE_BIG_WRITES",
        ["DoReaddirplus"] = "FUSE_DO_READDIRPLUS",
        ["ReaddirplusAuto"] = "FUSE_READDIRPLUS_AUTO",
        ["AsyncDio"] = "FUSE_ASYNC_DIO",
        ["NoOpenSupport"] = "FUSE_NO_OPEN_SUPPORT",
        ["ParallelDirops"] = "FUSE_PARALLEL_DIROPS",
        ["AbortError"] = "FUSE_ABORT_ERROR",
        ["MaxPages"] = "FUSE_MAX_PAGES",
        ["CacheSymlinks"] = "FUSE_CACHE_SYMLINKS",
        ["NoOpendirSupport"] = "FUSE_NO_OPENDIR_SUPPORT",
        ["ExplicitInvalData"] = "FUSE_EXPLICIT_INVAL_DATA",
        ["InitExt"] = "FUSE_INIT_EXT",
        ["HasExpireOnly"] = "FUSE_HAS_EXPIRE_ONLY",
    };

    [Fact]
    public async Task Every_struct_has_the_size_of_the_kernels()
    {
        var lines = await CompileAndRun(Ours.Keys.Select(name => $"printf(\"{name} %zu\\n\", sizeof(struct {name}));"));
        lines.ShouldBe(Ours.Select(pair => $"{pair.Key} {pair.Value}"));
    }

    [Fact]
    public async Task Fields_lie_where_the_kernel_puts_them()
    {
        var probe = new (string Struct, string Field, int Ours)[]
        {
            ("fuse_in_header", "nodeid", Offset<FuseInHeader, ulong>((ref FuseInHeader s) => ref s.NodeId)),
            ("fuse_in_header", "pid", Offset<FuseInHeader, uint>((ref FuseInHeader s) => ref s.Pid)),
            ("fuse_in_header", "total_extlen", Offset<FuseInHeader, ushort>((ref FuseInHeader s) => ref s.TotalExtLen)),
            ("fuse_init_out", "max_pages", Offset<FuseInitOut, ushort>((ref FuseInitOut s) => ref s.MaxPages)),
            ("fuse_init_out", "flags2", Offset<FuseInitOut, uint>((ref FuseInitOut s) => ref s.Flags2)),
            ("fuse_init_in", "flags2", Offset<FuseInitIn, uint>((ref FuseInitIn s) => ref s.Flags2)),
            ("fuse_attr", "mode", Offset<FuseAttr, uint>((ref FuseAttr s) => ref s.Mode)),
            ("fuse_attr", "blksize", Offset<FuseAttr, uint>((ref FuseAttr s) => ref s.Blksize)),
            ("fuse_entry_out", "attr", Offset<FuseEntryOut, FuseAttr>((ref FuseEntryOut s) => ref s.Attr)),
            ("fuse_read_in", "size", Offset<FuseReadIn, uint>((ref FuseReadIn s) => ref s.Size)),
            ("fuse_kstatfs", "namelen", Offset<FuseKstatfs, uint>((ref FuseKstatfs s) => ref s.Namelen)),
            ("fuse_dirent", "type", Offset<FuseDirent, uint>((ref FuseDirent s) => ref s.Type)),
        };
        var lines = await CompileAndRun(probe.Select(p => $"printf(\"{p.Struct}.{p.Field} %zu\\n\", __builtin_offsetof(struct {p.Struct}, {p.Field}));"));
        lines.ShouldBe(probe.Select(p => $"{p.Struct}.{p.Field} {p.Ours}"));
    }

    [Fact]
    public async Task Capabilities_and_opcodes_have_the_kernels_numbers()
    {
        var flags = HeaderFlags.Select(pair => (pair.Value, OurFlags[pair.Key]));
        var opcodes = Enum.GetValues<FuseOpcode>().Select(opcode => (HeaderName(opcode), (ulong)opcode));
        var all = flags.Concat(opcodes).ToList();
        var lines = await CompileAndRun(all.Select(pair => $"printf(\"{pair.Item1} %llu\\n\", (unsigned long long)(unsigned long)({pair.Item1}));"));
        lines.ShouldBe(all.Select(pair => $"{pair.Item1} {pair.Item2}"));
    }

    private static string HeaderName(FuseOpcode opcode) => opcode switch
    {
        FuseOpcode.BatchForget => "FUSE_BATCH_FORGET",
        FuseOpcode.CopyFileRange => "FUSE_COPY_FILE_RANGE",
        _ => "FUSE_" + opcode.ToString().ToUpperInvariant(),
    };

    private delegate ref TField Field<TStruct, TField>(ref TStruct value);

    private static int Offset<TStruct, TField>(Field<TStruct, TField> field)
        where TStruct : struct
    {
        TStruct value = default;
        return (int)Unsafe.ByteOffset(ref Unsafe.As<TStruct, byte>(ref value), ref Unsafe.As<TField, byte>(ref field(ref value)));
    }

    private static async Task<string[]> CompileAndRun(IEnumerable<string> statements)
    {
        var directory = Directory.CreateTempSubdirectory("fuse-header-").FullName;
        try
        {
            var source = $"#include <stdio.h>\n#include <stdint.h>\n#include <linux/fuse.h>\nint main(void) {{\n{string.Join('\n', statements)}\nreturn 0; }}\n";
            await File.WriteAllTextAsync(Path.Join(directory, "probe.c"), source);
            (await Child.Shell($"cd {directory} && gcc -o probe probe.c")).Succeeded();
            return (await Child.Start(Path.Join(directory, "probe")).Result()).Succeeded().Split('\n');
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
