namespace SwarmFS.Mount.Tests;

/// <summary>Scripts that make directories to serve.</summary>
internal static class SampleTree
{
    /// <summary>One of everything that a tree can hold, in <c>$S/source</c>.</summary>
    public const string Everything = """
        set -e
        mkdir -p $S/source/dir/deep/deeper "$S/source/with space" $S/source/empty $S/source/many
        cd $S/source
        : > dir/zero; printf x > dir/one; head -c 4095 /dev/urandom > dir/p1; head -c 4096 /dev/urandom > dir/p2; head -c 4097 /dev/urandom > dir/p3
        head -c 70000 /dev/urandom > dir/deep/medium; head -c 3000001 /dev/urandom > dir/deep/deeper/large
        printf text > "with space/new
        line"; printf ü > "with space/ümläut"; printf long > $(printf 'n%.0s' $(seq 255))
        ln -s one dir/link; ln -s /etc/passwd dir/absolute; ln -s nowhere/at/all dir/dangling; ln -s deep dir/todir
        ln dir/p2 dir/hard; ln dir/p2 "with space/hard too"
        for i in $(seq 3000); do echo $i > many/file$i; done
        cp /bin/true dir/run
        chmod 4755 dir/run; chmod 2755 dir/deep; chmod 1777 empty; chmod 600 dir/one; chmod 0 dir/p1
        chown 1234:4321 dir/one; chown -h 7:8 dir/link
        setfattr -n user.note -v 'a value' dir/one; setfattr -n user.note -v directory dir/deep; setcap cap_net_raw=ep dir/p3
        touch -h -d '2001-02-03 04:05:06.123456789Z' dir/one dir/link; touch -d '1969-12-31 23:59:58.5Z' dir/p3; touch -d '2040-01-01Z' dir/deep many
        chmod 711 .; touch -d '2020-02-02 02:02:02.02Z' .
        """;

    /// <summary>Everything stat(2) says of every entry below the current directory, but for inode numbers and the sizes of directories.</summary>
    public const string Manifest = @"find . -printf '%P|%y|%m|%U|%G|%T@|%n|%l|' \( -type d -printf '\n' -o -printf '%s\n' \) | LC_ALL=C sort";
}
