using System.Runtime.InteropServices;

namespace SwarmFS.Core;

/// <summary>Packs and unpacks one Zstandard frame at a time (RFC 8878), through the system's libzstd. Safe from any thread; nothing is kept between calls.</summary>
public static unsafe class Zstd
{
    /// <summary>ZSTD_error_dstSize_tooSmall (zstd_errors.h).</summary>
    private const int OutputTooShort = 70;

    /// <summary>Whether this machine has the library.</summary>
    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(ZstdInterop.Library, out _);

    /// <param name="level">As of the zstd program: 1 to 19. A call takes memory while it lasts, for half a MiB of input 1.3 MiB at level 3 and 3.5 at level 6.</param>
    /// <param name="length">Bytes in <paramref name="output"/>.</param>
    /// <returns>False when <paramref name="output"/> is too short.</returns>
    public static bool TryPack(ReadOnlySpan<byte> input, Span<byte> output, int level, out int length)
    {
        nuint code;
        fixed (byte* from = input)
        fixed (byte* to = output) code = ZstdInterop.CompressFrame(to, (nuint)output.Length, from, (nuint)input.Length, level);
        var failed = ZstdInterop.IsError(code) != 0;
        length = failed ? 0 : (int)code;
        if (failed && ZstdInterop.ErrorCode(code) != OutputTooShort) throw new InvalidOperationException($"libzstd cannot pack: {ZstdInterop.Describe(code)}.");
        return !failed;
    }

    /// <summary>Unpacks what must be one whole frame, and must fill <paramref name="output"/> exactly: no input makes it take more memory or time than that allows.</summary>
    /// <returns>What is wrong with <paramref name="input"/>, or null.</returns>
    public static string? Unpack(ReadOnlySpan<byte> input, Span<byte> output)
    {
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            // The library would go on with further frames, of which many may be empty.
            var code = ZstdInterop.FrameLength(from, (nuint)input.Length);
            if (ZstdInterop.IsError(code) == 0)
            {
                if (code != (nuint)input.Length) return $"the zstd frame ends after {code} of {input.Length} bytes";
                code = ZstdInterop.DecompressFrame(to, (nuint)output.Length, from, code);
            }
            if (ZstdInterop.IsError(code) != 0) return $"the zstd data cannot be unpacked ({ZstdInterop.Describe(code)})";
            return code == (nuint)output.Length ? null : $"the zstd data unpacks to {code} bytes, not to {output.Length}";
        }
    }
}
